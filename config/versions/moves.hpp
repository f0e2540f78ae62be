// What most differences between two versions come down to: fields that stand elsewhere.
#pragma once

#include <nlohmann/json.hpp>

#include <span>
#include <string_view>

namespace troupe::versions {

/// One field under two paths ("count", "exactly.count") within the same object.
struct move {
  std::string_view spoke;
  std::string_view hub;
};

/// Fields that stand elsewhere in every object at a path; `[]` behind a name: in each entry of that
/// list ("spec.devices.requests[]"). An empty path is the object itself.
struct place {
  std::string_view at;
  std::span<const move> moves;
};

/// In order; objects that were made to hold fields go when they are empty.
void move_to_hub(nlohmann::json& object, std::span<const move> moves);
/// In the reverse order.
void move_from_hub(nlohmann::json& object, std::span<const move> moves);

/// Calls `with` for every object at `path`, as far as the tree has it.
template <class F> void each_at(nlohmann::json& tree, std::string_view path, F&& with) {
  if (path.empty()) {
    if (tree.is_object())
      with(tree);
    return;
  }
  auto dot = path.find('.');
  auto name = path.substr(0, dot);
  auto rest = dot == path.npos ? std::string_view{} : path.substr(dot + 1);
  auto list = name.ends_with("[]");
  if (list)
    name.remove_suffix(2);
  auto at = tree.is_object() ? tree.find(name) : tree.end();
  if (!tree.is_object() || at == tree.end())
    return;
  if (!list)
    return each_at(*at, rest, with);
  if (at->is_array())
    for (auto& entry : *at)
      each_at(entry, rest, with);
}

} // namespace troupe::versions
