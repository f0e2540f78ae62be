// Strategic merge patch: which lists merge, and by which key, is told by the schema.
#include "actors/api/patch/element_order.hpp"
#include "actors/api/patch/patch.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::patch {
namespace {

using json = nlohmann::json;
using schema::patch_strategy;

constexpr std::string_view directive = "$patch";
constexpr std::string_view retain_keys = "$retainKeys";
constexpr std::string_view set_order = "$setElementOrder/";
constexpr std::string_view delete_from = "$deleteFromPrimitiveList/";

failure bad(std::string message) {
  return {.reason = reason::bad_request, .message = std::move(message)};
}

bool starts_with(std::string_view s, std::string_view prefix) {
  return s.substr(0, prefix.size()) == prefix;
}

bool is_directive(std::string_view key) {
  return key == directive || key == retain_keys || starts_with(key, set_order)
         || starts_with(key, delete_from);
}

/// What the schema says of a member: its type and how its list or map merges.
struct member_rule {
  const schema::type* of = nullptr; // null: unknown, maps merge and lists are replaced
  bool replace = false;             // of a map
  bool merge = false;               // of a list
  std::string_view merge_key;
};

member_rule rule_of(const schema::type* parent, std::string_view key) {
  if (!parent)
    return {};
  if (parent->what == schema::shape::map)
    return {.of = parent->element};
  const auto* f = parent->what == schema::shape::object ? parent->find(key) : nullptr;
  if (!f)
    return {};
  return {.of = f->of,
          .replace = f->strategy == patch_strategy::replace,
          .merge = f->strategy == patch_strategy::merge
                   || f->strategy == patch_strategy::merge_retain_keys,
          .merge_key = f->merge_key};
}

/// The value of a patch that meets nothing in the target: no nulls, no directives.
json without_directives(const json& patch) {
  if (patch.is_array()) {
    auto out = json::array();
    for (const auto& entry : patch)
      if (auto kind = entry.is_object() ? entry.find(directive) : entry.end();
          !entry.is_object() || kind == entry.end() || *kind == "merge")
        out.push_back(without_directives(entry));
    return out;
  }
  if (!patch.is_object())
    return patch;
  auto out = json::object();
  if (auto kind = patch.find(directive); kind != patch.end() && *kind == "delete")
    return out;
  for (const auto& [key, value] : patch.items())
    if (!is_directive(key) && !value.is_null())
      out[key] = without_directives(value);
  return out;
}

result<json> merge_map(json target, const json& patch, const schema::type* of);

result<void> keep_only(json& target, const json& patch, const json& keys) {
  if (!keys.is_array())
    return bad("invalid patch format of retainKeys");
  auto listed = [&](const std::string& key) {
    return std::find(keys.begin(), keys.end(), json(key)) != keys.end();
  };
  for (const auto& [key, value] : patch.items())
    if (!is_directive(key) && !value.is_null() && !listed(key))
      return bad("invalid patch format of retainKeys: the patch sets " + key
                 + ", which the list does not name");
  for (auto at = target.begin(); at != target.end();)
    at = listed(at.key()) ? std::next(at) : target.erase(at);
  return {};
}

failure no_merge_key(const json& entry, std::string_view key) {
  return bad("map: " + entry.dump() + " does not contain declared merge key: " + std::string{key});
}

/// A list of objects, entry by entry. `$patch: replace` anywhere in it replaces the whole list.
result<json> merge_objects(json target, const json& patch, const schema::type* element,
                           std::string_view key) {
  auto additions = json::array();
  auto replace = false;
  for (const auto& entry : patch) {
    if (!entry.is_object())
      return bad("a list of objects cannot be merged with " + entry.dump());
    auto kind = entry.find(directive);
    if (kind == entry.end()) {
      additions.push_back(entry);
    } else if (*kind == "delete") {
      auto id = entry.find(key);
      if (id == entry.end())
        return no_merge_key(entry, key);
      auto gone = std::remove_if(target.begin(), target.end(),
                                 [&](const json& e) { return same_entry(e, entry, key); });
      target.erase(gone, target.end());
    } else if (*kind == "replace") {
      replace = true;
    } else {
      return bad("unknown patch type: " + kind->dump() + " in map: " + entry.dump());
    }
  }
  if (replace)
    return without_directives(additions);
  for (const auto& entry : additions) {
    if (!entry.contains(key))
      return no_merge_key(entry, key);
    auto found = std::find_if(target.begin(), target.end(),
                              [&](const json& e) { return same_entry(e, entry, key); });
    if (found == target.end()) {
      target.push_back(without_directives(entry));
    } else {
      OR_RETURN(*found, merge_map(std::move(*found), entry, element));
    }
  }
  return target;
}

json merge_primitives(json target, const json& patch) {
  for (const auto& entry : patch)
    target.push_back(entry);
  auto out = json::array();
  for (auto& entry : target)
    if (std::find(out.begin(), out.end(), entry) == out.end())
      out.push_back(std::move(entry));
  return out;
}

result<json> merge_list(const json& target, const json& patch, const member_rule& rule) {
  if (!rule.merge)
    return without_directives(patch);
  auto objects =
    (!target.empty() && target[0].is_object()) || (!patch.empty() && patch[0].is_object());
  if (!objects)
    return in_order(merge_primitives(target, patch), patch, target, {});
  if (rule.merge_key.empty())
    return bad("cannot merge lists without merge key");
  const auto* element = rule.of ? rule.of->element : nullptr;
  OR_RETURN(auto merged, merge_objects(target, patch, element, rule.merge_key));
  return in_order(std::move(merged), patch, target, rule.merge_key);
}

/// `$setElementOrder/KEY` together with the patch's own list of that key.
result<void> merge_ordered(json& target, const json& patch, const std::string& key,
                           const json& order, const member_rule& rule) {
  if (!order.is_array())
    return bad("invalid patch format of setElementOrder list");
  const auto live = target.contains(key) ? target[key] : json();
  auto list = patch.find(key);
  auto patched = list != patch.end() && list->is_array();
  if (patched && !follows_order(*list, order, rule.merge_key))
    return bad("The order in patch list:\n" + list->dump()
               + "\n doesn't match $setElementOrder list:\n" + order.dump() + "\n");
  if (!live.is_array() && !patched)
    return {};
  auto merged = live.is_array() ? live : without_directives(*list);
  if (live.is_array() && patched) {
    OR_RETURN(merged, merge_list(live, *list, rule));
  }
  target[key] =
    in_order(std::move(merged), order, live.is_array() ? live : json::array(), rule.merge_key);
  return {};
}

void delete_primitives(json& target, const std::string& key, const json& values) {
  auto list = target.find(key);
  if (list == target.end() || !list->is_array())
    return;
  auto gone = std::remove_if(list->begin(), list->end(), [&](const json& entry) {
    return std::find(values.begin(), values.end(), entry) != values.end();
  });
  list->erase(gone, list->end());
}

result<void> merge_member(json& target, const std::string& key, const json& value,
                          const schema::type* of) {
  auto old = target.find(key);
  if (value.is_null()) {
    if (old != target.end())
      target.erase(old);
    return {};
  }
  if (old == target.end() || old->type() != value.type()) {
    target[key] = without_directives(value);
    return {};
  }
  auto rule = rule_of(of, key);
  if (value.is_object() && !rule.replace) {
    OR_RETURN(*old, merge_map(std::move(*old), value, rule.of));
  } else if (value.is_array()) {
    OR_RETURN(*old, merge_list(*old, value, rule));
  } else {
    *old = without_directives(value);
  }
  return {};
}

result<json> merge_map(json target, const json& patch, const schema::type* of) {
  if (auto kind = patch.find(directive); kind != patch.end() && *kind != "merge") {
    if (*kind != "replace" && *kind != "delete")
      return bad("unknown patch type: " + kind->dump() + " in map: " + patch.dump());
    return *kind == "delete" ? json::object() : without_directives([&] {
      auto rest = patch;
      rest.erase(std::string{directive});
      return rest;
    }());
  }
  if (auto keys = patch.find(retain_keys); keys != patch.end())
    CHECK_RETURN(keep_only(target, patch, *keys));
  std::vector<std::string> ordered;
  for (const auto& [name, order] : patch.items()) {
    if (!starts_with(name, set_order))
      continue;
    auto key = name.substr(set_order.size());
    CHECK_RETURN(merge_ordered(target, patch, key, order, rule_of(of, key)));
    ordered.push_back(std::move(key));
  }
  for (const auto& [key, value] : patch.items()) {
    if (starts_with(key, delete_from)) {
      if (!value.is_array())
        return bad("invalid patch format of primitive list");
      delete_primitives(target, key.substr(delete_from.size()), value);
      continue;
    }
    auto done = value.is_array() && std::find(ordered.begin(), ordered.end(), key) != ordered.end();
    if (!is_directive(key) && !done)
      CHECK_RETURN(merge_member(target, key, value, of));
  }
  return target;
}

} // namespace

result<json> apply_strategic(json target, const json& patch, const schema::type& of) {
  if (!patch.is_object())
    return bad("a strategic merge patch must be an object");
  if (!target.is_object())
    target = json::object();
  return merge_map(std::move(target), patch, &of);
}

} // namespace troupe::patch
