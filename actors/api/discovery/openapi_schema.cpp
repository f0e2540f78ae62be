// Types as OpenAPI schemas.
#include "actors/api/discovery/openapi_parts.hpp"

#include <algorithm>
#include <map>

namespace troupe::discovery {

using schema::field;
using schema::shape;
using schema::type;

namespace {

tree type_schema(const type& of, const dialect& how);

tree reference(const type& of, const dialect& how) {
  return {{"$ref", how.prefix() + std::string(of.name)}};
}

/// The schema where a type is used: a reference if it has a name.
tree use(const type& of, const dialect& how) {
  return of.name.empty() ? type_schema(of, how) : reference(of, how);
}

std::string_view strategy_text(schema::patch_strategy strategy) {
  switch (strategy) {
  case schema::patch_strategy::merge: return "merge";
  case schema::patch_strategy::replace: return "replace";
  case schema::patch_strategy::retain_keys: return "retainKeys";
  case schema::patch_strategy::merge_retain_keys: return "merge,retainKeys";
  case schema::patch_strategy::none: break;
  }
  return {};
}

tree field_schema(const field& f, const dialect& how) {
  auto out = use(*f.of, how);
  auto strategy = strategy_text(f.strategy);
  if (!strategy.empty() && out.contains("$ref") && how.three) // a reference may have no siblings
    out = {{"allOf", {std::move(out)}}};
  if (!strategy.empty())
    out["x-kubernetes-patch-strategy"] = strategy;
  if (!f.merge_key.empty())
    out["x-kubernetes-patch-merge-key"] = f.merge_key;
  if (!f.default_json.empty() && how.three && !out.contains("$ref"))
    out["default"] = tree::parse(f.default_json);
  return out;
}

tree object_schema(const type& of, const dialect& how) {
  tree out = {{"type", "object"}};
  auto required = tree::array();
  for (const auto& f : of.fields) {
    out["properties"][std::string(f.name)] = field_schema(f, how);
    if (f.required)
      required.push_back(f.name);
  }
  if (!required.empty())
    out["required"] = std::move(required);
  if (of.preserve_unknown)
    out["x-kubernetes-preserve-unknown-fields"] = true;
  for (const auto& kind : of.kinds)
    out["x-kubernetes-group-version-kind"].push_back(
      {{"group", kind.group}, {"version", kind.version}, {"kind", kind.kind}});
  return out;
}

tree array_schema(const type& of, const dialect& how) {
  tree out = {{"type", "array"}, {"items", use(*of.element, how)}};
  static constexpr const char* kinds[] = {"atomic", "set", "map"};
  out["x-kubernetes-list-type"] = kinds[static_cast<std::size_t>(of.list)];
  for (auto key : of.list_keys)
    out["x-kubernetes-list-map-keys"].push_back(key);
  return out;
}

tree either(const char* first, const char* second) {
  return {{"oneOf", {{{"type", first}}, {{"type", second}}}}};
}

tree type_schema(const type& of, const dialect& how) {
  tree out;
  switch (of.what) {
  case shape::object: out = object_schema(of, how); break;
  case shape::array: return array_schema(of, how);
  case shape::map:
    out = {{"type", "object"}, {"additionalProperties", use(*of.element, how)}};
    break;
  case shape::boolean: return {{"type", "boolean"}};
  case shape::integer: return {{"type", "integer"}, {"format", of.format}};
  case shape::number: return {{"type", "number"}, {"format", of.format}};
  case shape::bytes: return {{"type", "string"}, {"format", "byte"}};
  case shape::time:
  case shape::micro_time: return {{"type", "string"}, {"format", "date-time"}};
  case shape::quantity: return how.three ? either("string", "number") : tree{{"type", "string"}};
  case shape::int_or_string:
    out = how.three ? either("integer", "string") : tree{{"type", "string"}};
    out["format"] = "int-or-string";
    return out;
  case shape::string:
    out = {{"type", "string"}};
    if (how.three)
      for (auto value : of.values)
        out["enum"].push_back(value);
    return out;
  case shape::any:
    // JSON proper may be anything; what is embedded raw is an object.
    return of.name.empty() || of.name.find(".JSON") != std::string_view::npos
             ? tree::object()
             : tree{{"type", "object"}};
  }
  if (of.atomic)
    out["x-kubernetes-map-type"] = "atomic";
  return out;
}

using found_types = std::map<std::string, const type*>;

void collect(const type* of, found_types& into) {
  if (of == nullptr || (!of->name.empty() && !into.emplace(of->name, of).second))
    return;
  collect(of->element, into);
  for (const auto& f : of->fields)
    collect(f.of, into);
}

void collect_kind(const schema::catalog& all, std::string_view group, std::string_view version,
                  std::string_view kind, found_types& into) {
  if (const auto* known = all.by_kind(group, version, kind))
    collect(known->of, into);
}

} // namespace

std::string definition_name(const schema::resource& of) {
  if (of.of != nullptr && !of.of->name.empty())
    return std::string(of.of->name);
  // stable.example.com becomes com.example.stable.
  std::string out;
  std::string_view rest = of.group;
  while (!rest.empty()) {
    auto dot = rest.rfind('.');
    out.append(dot == std::string_view::npos ? rest : rest.substr(dot + 1)).append(".");
    rest = dot == std::string_view::npos ? std::string_view() : rest.substr(0, dot);
  }
  return out.append(of.version).append(".").append(of.kind);
}

std::vector<definition> definitions_of(const schema::catalog& all,
                                       const std::vector<const schema::resource*>& resources) {
  found_types found;
  for (const auto* r : resources) {
    found.insert_or_assign(definition_name(*r), r->of);
    if (r->of != nullptr) {
      collect(r->of->element, found);
      for (const auto& f : r->of->fields)
        collect(f.of, found);
    }
    collect_kind(all, r->group, r->version, r->list_kind, found);
    for (const auto& sub : r->subresources)
      collect_kind(all, sub.group, sub.version, sub.kind, found);
  }
  for (const auto* kind : {"DeleteOptions", "Status", "WatchEvent", "APIResourceList"})
    collect_kind(all, "", "v1", kind, found);
  std::vector<definition> out;
  for (const auto& [name, of] : found)
    if (of != nullptr)
      out.push_back({name, of});
  return out;
}

tree schema_of(const type& of, const dialect& how) { return type_schema(of, how); }

void name_kind(tree& schema, const schema::resource& of) {
  if (!schema.contains("x-kubernetes-group-version-kind"))
    schema["x-kubernetes-group-version-kind"] =
      tree::array({{{"group", of.group}, {"version", of.version}, {"kind", of.kind}}});
}

} // namespace troupe::discovery
