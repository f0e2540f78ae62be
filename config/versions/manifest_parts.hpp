// What reading and writing manifests share. For the sources of this folder.
#pragma once

#include "config/base/failure.hpp"
#include "config/schema/schema.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace troupe::versions {

inline failure invalid(std::string message) {
  return {.reason = reason::invalid, .message = std::move(message)};
}

/// A text member; empty when there is none.
inline std::string text_in(const nlohmann::json& tree, const char* key) {
  auto at = tree.find(key);
  return at != tree.end() && at->is_string() ? at->get<std::string>() : std::string{};
}

/// "apps/v1" as group and version; the core group is empty.
struct group_version {
  std::string_view group;
  std::string_view version;
};
inline group_version split_version(std::string_view api_version) {
  auto slash = api_version.find('/');
  if (slash == api_version.npos)
    return {{}, api_version};
  return {api_version.substr(0, slash), api_version.substr(slash + 1)};
}

/// The kind that an object says it is; null when it is not built in.
inline const schema::resource* kind_of(const schema::catalog& kinds, const nlohmann::json& tree) {
  auto api_version = text_in(tree, "apiVersion");
  auto [group, version] = split_version(api_version);
  return kinds.by_kind(group, version, text_in(tree, "kind"));
}

/// v1 List: its items say themselves what they are.
inline bool is_bare_list(const nlohmann::json& tree) {
  return text_in(tree, "kind") == "List" && text_in(tree, "apiVersion") == "v1";
}

/// `Deployment "web" of apps/v1`
inline std::string described(const nlohmann::json& tree) {
  std::string name;
  if (auto meta = tree.find("metadata"); meta != tree.end() && meta->is_object())
    name = text_in(*meta, "name");
  return text_in(tree, "kind") + (name.empty() ? "" : " \"" + name + "\"") + " of "
         + text_in(tree, "apiVersion");
}

} // namespace troupe::versions
