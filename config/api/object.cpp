// Reads and writes the canonical form of an object.
#include "config/api/object.hpp"

#include "config/api/peek.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>
#include <simdjson.h>

namespace troupe::api {

using json = nlohmann::json;
namespace ondemand = simdjson::ondemand;

namespace {

constexpr std::string_view metadata_key = ",\"metadata\":{";
constexpr std::string_view managed_key = "\"managedFields\":";
constexpr std::size_t kept_scratch = 256 * 1024;

/// The parser and the padded copy of the body that simdjson wants, reused by a thread.
struct scratch {
  ondemand::parser parser;
  std::string copy;

  ondemand::document open(std::string_view body) {
    copy.reserve(body.size() + simdjson::SIMDJSON_PADDING);
    copy.assign(body);
    return parser.iterate(simdjson::padded_string_view(copy.data(), copy.size(), copy.capacity()));
  }
};

std::string text_of(ondemand::value value) {
  if (value.is_null())
    return {};
  return std::string(value.get_string().value());
}

std::int64_t integer_of(ondemand::value value) {
  return value.is_null() ? 0 : value.get_int64().value();
}

bool boolean_of(ondemand::value value) { return !value.is_null() && value.get_bool().value(); }

std::optional<instant> time_of(ondemand::value value) {
  auto text = text_of(value);
  if (text.empty())
    return {};
  auto parsed = parse_time(text);
  if (!parsed)
    throw simdjson::simdjson_error(simdjson::INCORRECT_TYPE);
  return *parsed;
}

string_map strings_of(ondemand::value value) {
  string_map out;
  if (value.is_null())
    return out;
  for (auto field : value.get_object()) {
    std::string key(field.unescaped_key().value());
    out.insert_or_assign(std::move(key), text_of(field.value()));
  }
  return out;
}

owner owner_of(ondemand::value value) {
  owner out;
  for (auto field : value.get_object()) {
    std::string_view key = field.unescaped_key();
    if (key == "apiVersion")
      out.api_version = text_of(field.value());
    else if (key == "kind")
      out.kind = text_of(field.value());
    else if (key == "name")
      out.name = text_of(field.value());
    else if (key == "uid")
      out.uid = text_of(field.value());
    else if (key == "controller")
      out.controller = boolean_of(field.value());
    else if (key == "blockOwnerDeletion")
      out.block_owner_deletion = boolean_of(field.value());
  }
  return out;
}

void read_field(metadata& meta, std::string_view key, ondemand::value value) {
  if (key == "name") {
    meta.name = text_of(value);
  } else if (key == "namespace") {
    meta.ns = text_of(value);
  } else if (key == "uid") {
    meta.uid = text_of(value);
  } else if (key == "generateName") {
    meta.generate_name = text_of(value);
  } else if (key == "generation") {
    meta.generation = integer_of(value);
  } else if (key == "creationTimestamp") {
    meta.created = time_of(value);
  } else if (key == "deletionTimestamp") {
    meta.deleted = time_of(value);
  } else if (key == "deletionGracePeriodSeconds") {
    if (!value.is_null())
      meta.grace = integer_of(value);
  } else if (key == "labels") {
    meta.labels = strings_of(value);
  } else if (key == "annotations") {
    meta.annotations = strings_of(value);
  } else if (key == "ownerReferences") {
    if (!value.is_null())
      for (auto one : value.get_array())
        meta.owners.push_back(owner_of(one.value()));
  } else if (key == "finalizers") {
    if (!value.is_null())
      for (auto one : value.get_array())
        meta.finalizers.push_back(text_of(one.value()));
  }
}

/// Reads up to and including metadata; what follows it in a canonical body is not looked at.
void read_head(object& out, ondemand::document& document) {
  for (auto field : document.get_object()) {
    std::string_view key = field.unescaped_key();
    if (key == "apiVersion") {
      out.api_version = text_of(field.value());
    } else if (key == "kind") {
      out.kind = text_of(field.value());
    } else if (key == "metadata") {
      ondemand::object members = field.value().get_object();
      for (auto member : members) {
        std::string_view name = member.unescaped_key();
        read_field(out.meta, name, member.value());
      }
      if (!out.kind.empty())
        return;
    }
  }
}

std::string dumped(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

void append_member(std::string& out, std::string_view key, const json& value) {
  if (out.back() != '{')
    out += ',';
  out.append(dumped(json(key))).append(":").append(dumped(value));
}

} // namespace

const owner* metadata::controller() const {
  auto at = std::ranges::find_if(owners, &owner::controller);
  return at == owners.end() ? nullptr : &*at;
}

result<object> parse_object(shared_bytes body, revision version) {
  invariant(body != nullptr, "an object without a body was parsed");
  static thread_local scratch own;
  object out;
  try {
    auto document = own.open(*body);
    read_head(out, document);
  } catch (const simdjson::simdjson_error& error) {
    return failure{reason::bad_request,
                   std::string("reading an object's metadata: ") + error.what()};
  }
  if (own.copy.capacity() > kept_scratch)
    std::string().swap(own.copy);
  if (out.kind.empty())
    return failure{reason::bad_request, "reading an object's metadata: the object has no kind"};
  out.meta.version = version;
  out.body = std::move(body);
  return out;
}

std::string encode(const json& tree, std::string_view managed_fields) {
  invariant(tree.is_object(), "an object to encode is no JSON object");
  std::string out = "{";
  append_member(out, "apiVersion", tree.value("apiVersion", json("")));
  append_member(out, "kind", tree.value("kind", json("")));
  out += metadata_key;
  if (auto meta = tree.find("metadata"); meta != tree.end() && meta->is_object())
    for (const auto& [key, value] : meta->items())
      if (key != "resourceVersion" && key != "managedFields")
        append_member(out, key, value);
  if (!managed_fields.empty())
    out.append(out.back() == '{' ? "" : ",").append(managed_key).append(managed_fields);
  out += '}';
  for (const auto& [key, value] : tree.items())
    if (key != "apiVersion" && key != "kind" && key != "metadata")
      append_member(out, key, value);
  out += '}';
  return out;
}

std::string encode(const json& tree) {
  invariant(tree.is_object(), "an object to encode is no JSON object");
  auto meta = tree.find("metadata");
  if (meta == tree.end() || !meta->is_object() || !meta->contains("managedFields"))
    return encode(tree, {});
  return encode(tree, dumped((*meta)["managedFields"]));
}

std::string_view managed_fields(std::string_view canonical_body) {
  return peek_raw(canonical_body, {"metadata", "managedFields"}).value_or(std::string_view{});
}

std::string without(std::string_view canonical_body, std::string_view found) {
  if (found.empty())
    return std::string{canonical_body};
  auto end = static_cast<std::size_t>(found.data() - canonical_body.data()) + found.size();
  auto start = end - found.size() - managed_key.size();
  if (canonical_body[start - 1] == ',')
    --start;
  else if (canonical_body[end] == ',') // not the last, as our own encoder has it
    ++end;
  std::string out;
  out.reserve(canonical_body.size() - (end - start));
  out.append(canonical_body.substr(0, start)).append(canonical_body.substr(end));
  return out;
}

json to_tree(const object& o) {
  auto tree = json::parse(*o.body);
  if (o.meta.version != revision{})
    tree["metadata"]["resourceVersion"] = to_string(o.meta.version);
  return tree;
}

void append_with_version(std::string& out, std::string_view canonical_body, revision version) {
  // The first `,"metadata":{` of a canonical body is its own: only apiVersion and kind stand before
  // it, both strings, and a quote within a string is escaped, so the key cannot begin in one.
  auto at = canonical_body.find(metadata_key);
  if (version == revision{} || at == std::string_view::npos) {
    out.append(canonical_body);
    return;
  }
  at += metadata_key.size();
  out.append(canonical_body.substr(0, at)).append("\"resourceVersion\":\"");
  out.append(to_string(version)).append(canonical_body[at] == '}' ? "\"" : "\",");
  out.append(canonical_body.substr(at));
}

std::string with_version(std::string_view canonical_body, revision version) {
  std::string out;
  out.reserve(canonical_body.size() + 48);
  append_with_version(out, canonical_body, version);
  return out;
}

} // namespace troupe::api
