// The envelope, and messages written from a document. (protobuf_read.cpp goes the other way.)
#include "config/codec/protobuf.hpp"

#include "config/api/object.hpp"
#include "config/codec/base64.hpp"
#include "config/codec/dom.hpp"
#include "config/codec/wire.hpp"

#include <algorithm>

namespace troupe::codec {

namespace dom = simdjson::dom;
using dom::element;
using schema::field;
using schema::shape;
using schema::type;

namespace {

failure misfit(std::string_view what) {
  return {reason::bad_request, "writing protobuf: " + std::string(what)};
}

/// Messages that JSON inlines into their holder, collected until the holder is written.
struct embedded {
  std::array<std::uint8_t, 2> place{};
  std::string message;
};

class encoder {
public:
  /// The fields of an object of `of`.
  result<void> message(const type& of, element value, std::string& out);
  /// One value of a field, an element of a list, or a value of a map.
  result<void> value(std::uint32_t number, const type& of, element value, std::string& out);

private:
  result<void> field_value(const field& f, element value, std::string& out);
  result<void> map_entry(std::uint32_t number, const type& of, std::string_view key, element value,
                         std::string& out);
  static result<void> scalar(std::uint32_t number, const type& of, element value, std::string& out);
};

void put_time(std::uint32_t number, instant t, std::string& out) {
  auto seconds = std::chrono::floor<std::chrono::seconds>(t);
  std::string message;
  wire::put_number(message, 1, static_cast<std::uint64_t>(seconds.time_since_epoch().count()));
  wire::put_number(message, 2, static_cast<std::uint64_t>((t - seconds).count()));
  wire::put_bytes(out, number, message);
}

/// IntOrString: 1 says which (0: number), 2 is the number, 3 the text.
result<std::string> int_or_string(element value) {
  std::string message;
  std::int64_t number = 0;
  std::string_view text;
  if (value.get(number) == simdjson::SUCCESS) {
    wire::put_number(message, 1, 0);
    wire::put_number(message, 2, static_cast<std::uint64_t>(number));
    wire::put_bytes(message, 3, "");
  } else if (value.get(text) == simdjson::SUCCESS) {
    wire::put_number(message, 1, 1);
    wire::put_number(message, 2, 0);
    wire::put_bytes(message, 3, text);
  } else {
    return misfit("a number or text is expected");
  }
  return message;
}

result<void> encoder::scalar(std::uint32_t number, const type& of, element value,
                             std::string& out) {
  std::string_view text;
  std::int64_t integer = 0;
  bool boolean = false;
  switch (of.what) {
  case shape::integer:
    if (value.get(integer) != simdjson::SUCCESS)
      return misfit("a number is expected");
    wire::put_number(out, number, static_cast<std::uint64_t>(integer));
    return {};
  case shape::boolean:
    if (value.get(boolean) != simdjson::SUCCESS)
      return misfit("true or false is expected");
    wire::put_number(out, number, boolean ? 1 : 0);
    return {};
  case shape::quantity: {
    std::string message;
    std::string written = value.is_string() ? std::string(value.get_string().value_unsafe())
                                            : std::string(simdjson::minify(value));
    wire::put_bytes(message, 1, written);
    wire::put_bytes(out, number, message);
    return {};
  }
  case shape::int_or_string: {
    OR_RETURN(auto message, int_or_string(value));
    wire::put_bytes(out, number, message);
    return {};
  }
  case shape::any: {
    std::string message;
    wire::put_bytes(message, 1, std::string(simdjson::minify(value)));
    wire::put_bytes(out, number, message);
    return {};
  }
  default: break;
  }
  if (value.get(text) != simdjson::SUCCESS)
    return misfit("text is expected");
  if (of.what == shape::time || of.what == shape::micro_time) {
    OR_RETURN(auto t, api::parse_time(text));
    put_time(number, t, out);
  } else if (of.what == shape::bytes) {
    auto bytes = from_base64(text);
    if (!bytes)
      return misfit("base64 is expected");
    wire::put_bytes(out, number, *bytes);
  } else if (of.what == shape::string) {
    wire::put_bytes(out, number, text);
  } else {
    return misfit("a " + std::string(of.format) + " has no form on the wire");
  }
  return {};
}

result<void> encoder::value(std::uint32_t number, const type& of, element value, std::string& out) {
  std::string inner;
  if (of.what == shape::object) {
    CHECK_RETURN(message(of, value, inner));
    wire::put_bytes(out, number, inner);
    return {};
  }
  if (of.what
      == shape::array) { // within a map or a list: a message of its own, with the items as 1
    dom::array list;
    if (value.get(list) != simdjson::SUCCESS)
      return misfit("a list is expected");
    for (auto part : list)
      CHECK_RETURN(this->value(1, *of.element, part, inner));
    wire::put_bytes(out, number, inner);
    return {};
  }
  return scalar(number, of, value, out);
}

result<void> encoder::map_entry(std::uint32_t number, const type& of, std::string_view key,
                                element value, std::string& out) {
  std::string entry;
  wire::put_bytes(entry, 1, key);
  CHECK_RETURN(this->value(2, of, value, entry));
  wire::put_bytes(out, number, entry);
  return {};
}

result<void> encoder::field_value(const field& f, element value, std::string& out) {
  if (f.of->what == shape::array) {
    dom::array list;
    if (value.get(list) != simdjson::SUCCESS)
      return misfit(std::string(f.name) + ": a list is expected");
    for (auto part : list)
      CHECK_RETURN(this->value(f.wire, *f.of->element, part, out));
    return {};
  }
  if (f.of->what == shape::map) {
    dom::object members;
    if (value.get(members) != simdjson::SUCCESS)
      return misfit(std::string(f.name) + ": an object is expected");
    for (auto [key, part] : members)
      CHECK_RETURN(map_entry(f.wire, *f.of->element, key, part, out));
    return {};
  }
  return this->value(f.wire, *f.of, value, out);
}

result<void> encoder::message(const type& of, element value, std::string& out) {
  dom::object members;
  if (value.get(members) != simdjson::SUCCESS)
    return misfit("an object is expected");
  std::vector<embedded> inlined;
  for (auto [key, part] : members) {
    const auto* f = of.find(key);
    if (f == nullptr || f->wire == 0 || part.is_null())
      continue;
    auto* to = &out;
    if (f->wire_in[0] != 0) {
      auto at = std::ranges::find(inlined, f->wire_in, &embedded::place);
      to = at != inlined.end() ? &at->message : &inlined.emplace_back(f->wire_in, "").message;
    }
    CHECK_RETURN(field_value(*f, part, *to));
  }
  // A message within a message is written into the outer one, which may hold fields of its own.
  for (auto& deep : inlined) {
    if (deep.place[1] == 0)
      continue;
    std::array<std::uint8_t, 2> outer{deep.place[0], 0};
    std::string within;
    wire::put_bytes(within, deep.place[1], deep.message);
    auto at = std::ranges::find(inlined, outer, &embedded::place);
    if (at != inlined.end())
      at->message += within;
    else
      wire::put_bytes(out, outer[0], within);
  }
  for (const auto& flat : inlined)
    if (flat.place[1] == 0)
      wire::put_bytes(out, flat.place[0], flat.message);
  return {};
}

} // namespace

bool speaks_protobuf(const type& of) {
  return of.what == shape::object
         && std::ranges::any_of(of.fields, [](const field& f) { return f.wire != 0; });
}

result<std::string> protobuf_message(const type& of, std::string_view body) {
  dom_reader reader;
  OR_RETURN(auto root, reader.read_own(body));
  std::string out;
  CHECK_RETURN(encoder().message(of, root, out));
  return out;
}

void append_protobuf_field(std::string& out, std::uint32_t number, std::string_view bytes) {
  wire::put_bytes(out, number, bytes);
}

std::string protobuf_envelope(std::string_view api_version, std::string_view kind,
                              std::string_view message) {
  std::string meta;
  wire::put_bytes(meta, 1, api_version);
  wire::put_bytes(meta, 2, kind);
  std::string out(protobuf_magic);
  out.reserve(message.size() + meta.size() + 24);
  wire::put_bytes(out, 1, meta);
  wire::put_bytes(out, 2, message);
  wire::put_bytes(out, 3, "");
  wire::put_bytes(out, 4, "");
  return out;
}

std::string protobuf_watch_frame(std::string_view type, std::string_view enveloped) {
  std::string object;
  wire::put_bytes(object, 1, enveloped);
  std::string event;
  wire::put_bytes(event, 1, type);
  wire::put_bytes(event, 2, object);
  std::string out;
  for (unsigned shift : {24U, 16U, 8U, 0U})
    out += static_cast<char>((event.size() >> shift) & 0xffU);
  return out + event;
}

result<std::string> to_protobuf(const schema::catalog& kinds, std::string_view body) {
  dom_reader reader;
  OR_RETURN(auto root, reader.read_own(body));
  std::string_view api_version;
  std::string_view kind;
  if (root["apiVersion"].get(api_version) != simdjson::SUCCESS
      || root["kind"].get(kind) != simdjson::SUCCESS)
    return misfit("an object without apiVersion and kind");
  auto slash = api_version.find('/');
  auto group = slash == std::string_view::npos ? std::string_view() : api_version.substr(0, slash);
  auto version = slash == std::string_view::npos ? api_version : api_version.substr(slash + 1);
  const auto* known = kinds.by_kind(group, version, kind);
  if (known == nullptr || !speaks_protobuf(*known->of))
    return failure{reason::not_acceptable, "the kind " + std::string(kind) + " of "
                                             + std::string(api_version)
                                             + " cannot be written as protobuf"};
  std::string message;
  CHECK_RETURN(encoder().message(*known->of, root, message));
  return protobuf_envelope(api_version, kind, message);
}

} // namespace troupe::codec
