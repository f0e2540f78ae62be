#include "actors/api/pipeline/answer.hpp"

#include "config/api/object.hpp"
#include "config/api/peek.hpp"
#include "config/codec/json.hpp"
#include "config/codec/protobuf.hpp"
#include "config/codec/table.hpp"
#include "config/codec/yaml.hpp"
#include "config/versions/versions.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::pipeline {
namespace {

using json = nlohmann::json;
using transform = enum api::wanted::transform;

constexpr std::size_t piece_bytes = 256 * 1024;
constexpr std::size_t most_whole_bytes = 1024 * 1024;
constexpr std::string_view meta_version = "meta.k8s.io/v1";

/// A body without its apiVersion and kind, as a built-in list's items are: the list says them.
std::string_view skip_head(std::string_view body) {
  auto at = body.find(",\"metadata\":");
  return at == body.npos ? body : body.substr(at + 1);
}

bool partial(const form& f) {
  return f.wanted.transform == transform::partial_metadata
         || f.wanted.transform == transform::partial_metadata_list;
}

void append_partial(std::string& out, std::string_view body, revision version) {
  out.append(R"({"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":)");
  auto meta = api::peek_raw(body, {"metadata"}).value_or("{}");
  if (version == revision{} || meta.size() < 2) {
    out.append(meta);
  } else {
    out.append("{\"resourceVersion\":\"").append(to_string(version)).append("\"");
    out.append(meta == "{}" ? "" : ",").append(meta.substr(1));
  }
  out += '}';
}

void append_json(std::string& out, const form& f, std::string_view body, revision version) {
  if (partial(f))
    append_partial(out, body, version);
  else
    api::append_with_version(out, body, version);
}

json list_meta(const list_head& head) {
  json meta{{"resourceVersion", to_string(head.version)}};
  if (!head.next.empty())
    meta["continue"] = head.next;
  if (head.remaining)
    meta["remainingItemCount"] = *head.remaining;
  return meta;
}

/// The items of a JSON list, read from the store's own bytes when they are wanted.
class json_items final : public api::body_source {
public:
  json_items(form f, std::vector<list_entry> entries)
      : f_(std::move(f)), entries_(std::move(entries)) {
    bare_ = !partial(f_) && f_.type && f_.type->name.substr(0, 7) == "io.k8s.";
  }

  bool next(std::string& out) override {
    auto end = out.size() + piece_bytes;
    for (; at_ < entries_.size() && out.size() < end; ++at_) {
      auto& e = entries_[at_];
      if (at_ > 0)
        out += ',';
      if (bare_)
        append_bare(out, *e.body, e.version);
      else
        append_json(out, f_, *e.body, e.version);
      e.body.reset();
    }
    if (at_ < entries_.size())
      return true;
    out += "]}";
    return false;
  }

private:
  static void append_bare(std::string& out, std::string_view body, revision version) {
    constexpr std::string_view start = "\"metadata\":{";
    auto rest = skip_head(body);
    if (version == revision{} || rest.substr(0, start.size()) != start)
      return api::append_with_version(out, body, version);
    rest.remove_prefix(start.size());
    out.append("{\"metadata\":{\"resourceVersion\":\"").append(to_string(version));
    out.append(rest.front() == '}' ? "\"" : "\",").append(rest);
  }

  form f_;
  std::vector<list_entry> entries_;
  std::size_t at_ = 0;
  bool bare_ = false;
};

std::string json_list_head(const form& f, const list_head& head) {
  auto kind = partial(f) ? std::string{"PartialObjectMetadataList"} : std::string{f.of->list_kind};
  auto version = partial(f) ? std::string{meta_version} : f.of->api_version();
  return "{\"kind\":\"" + kind + "\",\"apiVersion\":\"" + version
         + "\",\"metadata\":" + list_meta(head).dump() + ",\"items\":[";
}

api::response json_list(const form& f, std::vector<list_entry> entries, const list_head& head) {
  std::size_t size = 0;
  for (const auto& e : entries)
    size += e.body->size() + 40;
  api::response out;
  out.version = head.version;
  auto text = json_list_head(f, head);
  auto items = std::make_shared<json_items>(f, std::move(entries));
  if (f.wanted.pieces && size > most_whole_bytes) {
    out.body = share(std::move(text));
    out.rest = std::move(items);
    return out;
  }
  text.reserve(text.size() + size + 2);
  while (items->next(text)) {
  }
  out.body = share(std::move(text));
  return out;
}

/// A Table of objects; the list's metadata is put in when there is one.
json table(const form& f, std::span<const list_entry> entries, const list_head* head,
           bool headers) {
  std::vector<api::object_ptr> objects;
  objects.reserve(entries.size());
  for (const auto& e : entries)
    if (auto o = api::parse_object(e.body, e.version))
      objects.push_back(std::make_shared<const api::object>(std::move(*o)));
  auto include = f.wanted.objects_in_table ? codec::table_options::include::metadata
                                           : codec::table_options::include::none;
  auto out =
    codec::table_of(version_for(f), objects, f.now, {.object = include, .headers = headers});
  if (head)
    out["metadata"] = list_meta(*head);
  else if (!entries.empty() && entries[0].version != revision{})
    out["metadata"] = {{"resourceVersion", to_string(entries[0].version)}};
  return out;
}

std::string encode_tree(const form& f, const json& tree) {
  return f.wanted.as == api::media::yaml
           ? codec::write_yaml(tree)
           : tree.dump(-1, ' ', false, json::error_handler_t::replace);
}

result<std::string> protobuf_list(const form& f, std::span<const list_entry> entries,
                                  const list_head& head) {
  if (!f.type || !codec::speaks_protobuf(*f.type))
    return failure{.reason = reason::not_acceptable, .message = "the kind has no protobuf form"};
  const auto* meta = f.catalog->definition("io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta");
  if (!meta)
    return failure{.reason = reason::not_acceptable, .message = "lists have no protobuf form"};
  std::string message;
  OR_RETURN(auto head_bytes, codec::protobuf_message(*meta, list_meta(head).dump()));
  codec::append_protobuf_field(message, 1, head_bytes);
  for (const auto& e : entries) {
    OR_RETURN(auto item, codec::protobuf_message(*f.type, api::with_version(*e.body, e.version)));
    codec::append_protobuf_field(message, 2, item);
  }
  return codec::protobuf_envelope(f.of->api_version(), f.of->list_kind, message);
}

api::response of_text(std::string text, api::media as, revision version, int code) {
  return {.code = code, .as = as, .body = share(std::move(text)), .version = version};
}

} // namespace

shared_bytes in_version(const shared_bytes& body, const schema::resource& to) {
  if (versions::speaks(*body, to))
    return body;
  auto tree = json::parse(*body, nullptr, false);
  if (!tree.is_object())
    return body;
  versions::convert(tree, to);
  return share(api::encode(tree));
}

const schema::resource& version_for(const form& f) {
  if (f.wanted.transform == transform::none || !f.catalog)
    return *f.of;
  return versions::stored_as(*f.catalog, *f.of);
}

api::response answer_object(const form& f, std::string_view body, revision version, int code) {
  if (f.wanted.transform == transform::table) {
    list_entry entry{share(std::string{body}), version};
    auto as = f.wanted.as == api::media::yaml ? api::media::yaml : api::media::json;
    return of_text(encode_tree(f, table(f, {&entry, 1}, nullptr, true)), as, version, code);
  }
  std::string text;
  append_json(text, f, body, version);
  if (f.wanted.as == api::media::protobuf)
    if (auto bytes = codec::to_protobuf(*f.catalog, text))
      return of_text(std::move(*bytes), api::media::protobuf, version, code);
  if (f.wanted.as == api::media::yaml)
    return of_text(codec::write_yaml(json::parse(text)), api::media::yaml, version, code);
  return of_text(std::move(text), api::media::json, version, code);
}

api::response answer_list(const form& f, std::vector<list_entry> entries, const list_head& head) {
  if (f.wanted.transform == transform::table) {
    auto as = f.wanted.as == api::media::yaml ? api::media::yaml : api::media::json;
    return of_text(encode_tree(f, table(f, entries, &head, true)), as, head.version, 200);
  }
  if (f.wanted.as == api::media::protobuf && !partial(f))
    if (auto bytes = protobuf_list(f, entries, head))
      return of_text(std::move(*bytes), api::media::protobuf, head.version, 200);
  auto out = json_list(f, std::move(entries), head);
  if (f.wanted.as != api::media::yaml)
    return out;
  auto text = codec::write_yaml(json::parse(*api::whole_body(out)));
  return of_text(std::move(text), api::media::yaml, head.version, 200);
}

std::string encode_object(const form& f, std::string_view body, revision version) {
  if (f.wanted.transform == transform::table) {
    list_entry entry{share(std::string{body}), version};
    return encode_tree(f, table(f, {&entry, 1}, nullptr, true));
  }
  std::string text;
  append_json(text, f, body, version);
  if (f.wanted.as == api::media::protobuf && !partial(f))
    if (auto bytes = codec::to_protobuf(*f.catalog, text))
      return std::move(*bytes);
  return text;
}

} // namespace troupe::pipeline
