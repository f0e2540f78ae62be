// An OpenAPI v2 document in the protobuf that kubectl asks for (gnostic's OpenAPIv2.proto): each
// message below is named after its message there, each number is its field's.
#include "actors/api/discovery/openapi_parts.hpp"
#include "config/codec/wire.hpp"

namespace troupe::discovery {

namespace wire = codec::wire;

namespace {

void put_text(std::string& out, std::uint32_t number, const tree& in, const char* key) {
  if (auto at = in.find(key); at != in.end())
    wire::put_bytes(out, number, at->get_ref<const std::string&>());
}

void put_texts(std::string& out, std::uint32_t number, const tree& in, const char* key) {
  if (auto at = in.find(key); at != in.end())
    for (const auto& text : *at)
      wire::put_bytes(out, number, text.get_ref<const std::string&>());
}

void put_flag(std::string& out, std::uint32_t number, const tree& in, const char* key) {
  if (in.value(key, false))
    wire::put_number(out, number, 1);
}

/// NamedX{name = 1, value = 2}.
void put_named(std::string& out, std::uint32_t number, std::string_view name,
               std::string_view value) {
  std::string named;
  wire::put_bytes(named, 1, name);
  wire::put_bytes(named, 2, value);
  wire::put_bytes(out, number, named);
}

/// Any{yaml = 2}: JSON is YAML.
std::string any(const tree& value) {
  std::string out;
  wire::put_bytes(out, 2, value.dump());
  return out;
}

void put_extensions(std::string& out, std::uint32_t number, const tree& in) {
  for (const auto& [key, value] : in.items())
    if (key.starts_with("x-"))
      put_named(out, number, key, any(value));
}

std::string schema(const tree& in) {
  std::string out;
  put_text(out, 1, in, "$ref");
  put_text(out, 2, in, "format");
  put_text(out, 4, in, "description");
  if (auto at = in.find("default"); at != in.end())
    wire::put_bytes(out, 5, any(*at));
  put_texts(out, 19, in, "required");
  if (auto at = in.find("enum"); at != in.end())
    for (const auto& value : *at)
      wire::put_bytes(out, 20, any(value));
  if (auto at = in.find("additionalProperties"); at != in.end()) {
    std::string item;
    if (at->is_boolean())
      wire::put_number(item, 2, at->get<bool>() ? 1 : 0);
    else
      wire::put_bytes(item, 1, schema(*at));
    wire::put_bytes(out, 21, item);
  }
  if (in.contains("type")) {
    std::string type;
    put_text(type, 1, in, "type");
    wire::put_bytes(out, 22, type);
  }
  if (auto at = in.find("items"); at != in.end()) {
    std::string items;
    wire::put_bytes(items, 1, schema(*at));
    wire::put_bytes(out, 23, items);
  }
  if (auto at = in.find("properties"); at != in.end()) {
    std::string properties;
    for (const auto& [name, value] : at->items())
      put_named(properties, 1, name, schema(value));
    wire::put_bytes(out, 25, properties);
  }
  put_extensions(out, 31, in);
  return out;
}

/// BodyParameter, or a NonBodyParameter's QueryParameterSubSchema or PathParameterSubSchema.
std::string parameters_item(const tree& in) {
  auto where = in.value("in", "query");
  std::string inner, parameter, item;
  if (where == "body") {
    put_text(inner, 2, in, "name");
    put_text(inner, 3, in, "in");
    put_flag(inner, 4, in, "required");
    wire::put_bytes(inner, 5, schema(in.at("schema")));
    wire::put_bytes(parameter, 1, inner);
  } else {
    bool path = where == "path";
    put_flag(inner, 1, in, "required");
    put_text(inner, 2, in, "in");
    put_text(inner, 4, in, "name");
    put_text(inner, path ? 5 : 6, in, "type");
    put_flag(inner, path ? 19 : 20, in, "uniqueItems");
    std::string other;
    wire::put_bytes(other, path ? 4 : 3, inner);
    wire::put_bytes(parameter, 2, other);
  }
  wire::put_bytes(item, 1, parameter);
  return item;
}

void put_parameters(std::string& out, std::uint32_t number, const tree& in) {
  if (auto at = in.find("parameters"); at != in.end())
    for (const auto& parameter : *at)
      wire::put_bytes(out, number, parameters_item(parameter));
}

std::string responses(const tree& in) {
  std::string out;
  for (const auto& [code, value] : in.items()) {
    std::string response, response_value;
    put_text(response, 1, value, "description");
    if (auto at = value.find("schema"); at != value.end()) {
      std::string item;
      wire::put_bytes(item, 1, schema(*at));
      wire::put_bytes(response, 2, item);
    }
    wire::put_bytes(response_value, 1, response);
    put_named(out, 1, code, response_value);
  }
  return out;
}

std::string operation(const tree& in) {
  std::string out;
  put_text(out, 5, in, "operationId");
  put_texts(out, 6, in, "produces");
  put_texts(out, 7, in, "consumes");
  put_parameters(out, 8, in);
  wire::put_bytes(out, 9, responses(in.at("responses")));
  put_extensions(out, 13, in);
  return out;
}

std::string path_item(const tree& in) {
  static constexpr std::pair<const char*, std::uint32_t> methods[] = {
    {"get", 2}, {"put", 3}, {"post", 4}, {"delete", 5}, {"patch", 8}};
  std::string out;
  for (const auto& [method, number] : methods)
    if (auto at = in.find(method); at != in.end())
      wire::put_bytes(out, number, operation(*at));
  put_parameters(out, 9, in);
  return out;
}

} // namespace

std::string to_gnostic(const tree& document) {
  std::string out, info, paths, definitions;
  put_text(out, 1, document, "swagger");
  put_text(info, 1, document.at("info"), "title");
  put_text(info, 2, document.at("info"), "version");
  wire::put_bytes(out, 2, info);
  for (const auto& [path, item] : document.at("paths").items())
    put_named(paths, 2, path, path_item(item));
  wire::put_bytes(out, 8, paths);
  for (const auto& [name, value] : document.at("definitions").items())
    put_named(definitions, 1, name, schema(value));
  wire::put_bytes(out, 9, definitions);
  return out;
}

} // namespace troupe::discovery
