// From client-side to server-side apply: what the last-applied annotation means to an apply of
// kubectl's.
#include "actors/api/apply/apply.hpp"
#include "actors/api/apply/typed.hpp"

#include <nlohmann/json.hpp>

namespace troupe::apply {
namespace {

using json = nlohmann::json;

constexpr auto annotation = "kubectl.kubernetes.io/last-applied-configuration";
constexpr std::size_t most_annotation_bytes = 256 * 1024;

/// The annotation's text; null when there is none.
const std::string* last_applied_of(const json& tree) {
  auto meta = tree.find("metadata");
  if (meta == tree.end() || !meta->is_object())
    return nullptr;
  auto all = meta->find("annotations");
  if (all == meta->end() || !all->is_object())
    return nullptr;
  auto at = all->find(annotation);
  return at == all->end() ? nullptr : at->get_ptr<const std::string*>();
}

/// The fields that client-side apply set and that are still as it set them.
path_set unchanged_since(const writing& w, const json& live) {
  const auto* text = last_applied_of(live);
  if (!text || text->empty())
    return {};
  auto applied = json::parse(*text, nullptr, false);
  if (!applied.is_object() || applied.value("apiVersion", json()) != w.api_version)
    return {};
  auto out = fields_of(*w.of, applied);
  auto since = compare(*w.of, applied, live);
  out.subtract(since.changed);
  out.subtract(since.removed);
  return out;
}

/// What the annotation says of an object: all of it but itself.
std::string as_annotation(json config) {
  auto& meta = config["metadata"];
  meta.erase("managedFields");
  if (auto all = meta.find("annotations"); all != meta.end() && all->is_object()) {
    all->erase(annotation);
    if (all->empty())
      meta.erase(all);
  }
  auto text = config.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  return text.size() > most_annotation_bytes ? std::string{} : text;
}

} // namespace

outcome apply_as_kubectl(managers& m, const writing& w, const json* live, const json& config,
                         bool force) {
  auto out = apply(m, w, live, config, force);
  if (w.manager != "kubectl" || !w.subresource.empty() || !live)
    return out;
  if (!out.conflicts.empty()) {
    auto allowed = unchanged_since(w, *live);
    auto left = out.conflicts;
    for (auto& c : left)
      c.fields.subtract(allowed);
    std::erase_if(left, [](const conflict& c) { return c.fields.empty(); });
    if (!left.empty())
      return {.tree = std::move(out.tree), .conflicts = std::move(left)};
    out = apply(m, w, live, config, true);
  }
  if (last_applied_of(out.tree))
    out.tree["metadata"]["annotations"][annotation] = as_annotation(config);
  return out;
}

} // namespace troupe::apply
