#include "actors/controllers/deployment/pod_template.hpp"

#include "actors/controllers/names.hpp"

#include <nlohmann/json.hpp>

namespace troupe::deployment {
namespace {

using nlohmann::json;

void drop_nulls(json& tree) {
  if (tree.is_object())
    for (auto it = tree.begin(); it != tree.end();)
      it = it->is_null() ? tree.erase(it) : std::next(it);
  if (tree.is_structured())
    for (auto& child : tree)
      drop_nulls(child);
}

} // namespace

std::string canonical(std::string_view pod_template) {
  auto tree = json::parse(pod_template, nullptr, false);
  drop_nulls(tree);
  if (tree.contains("metadata")) {
    auto& metadata = tree["metadata"];
    if (metadata.contains("labels")) {
      metadata["labels"].erase(std::string{hash_label});
      if (metadata["labels"].empty())
        metadata.erase("labels");
    }
    if (metadata.empty())
      tree.erase("metadata");
  }
  return tree.dump();
}

std::string hash_of(std::string_view canonical_template, std::int64_t collisions) {
  std::string text{canonical_template};
  if (collisions > 0)
    text += "#" + std::to_string(collisions);
  return control::safe_hash(text);
}

std::string labelled(std::string_view pod_template, const std::string& hash) {
  auto tree = json::parse(pod_template, nullptr, false);
  tree["metadata"]["labels"][std::string{hash_label}] = hash;
  return tree.dump();
}

} // namespace troupe::deployment
