// Messages read into a tree.
#include "config/api/object.hpp"
#include "config/codec/base64.hpp"
#include "config/codec/json.hpp"
#include "config/codec/protobuf.hpp"
#include "config/codec/protobuf_fields.hpp"
#include "config/codec/wire.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>

namespace troupe::codec {

using json = nlohmann::json;
using schema::field;
using schema::shape;
using schema::type;

namespace {

failure malformed(std::string_view what) {
  return {reason::bad_request, "the body is not valid protobuf: " + std::string(what)};
}

class decoder {
public:
  explicit decoder(const schema::catalog& kinds) : kinds_(kinds) {}

  result<json> envelope(std::string_view bytes, std::size_t depth);
  result<void> message(const type& of, std::string_view bytes, json& into, place at,
                       std::size_t depth);

private:
  result<void> field_value(const field& f, const wire::entry& entry, json& into, std::size_t depth);
  result<json> value(const type& of, const wire::entry& entry, std::size_t depth);
  result<json> bytes_value(const type& of, std::string_view bytes, std::size_t depth);
  result<void> map_entry(const type& of, std::string_view bytes, json& into, std::size_t depth);
  result<json> any_value(std::string_view bytes, std::size_t depth);

  const schema::catalog& kinds_;
};

std::string_view bytes_field(std::string_view message, std::uint32_t number) {
  wire::reader in(message);
  while (auto entry = in.next())
    if (entry->number == number && entry->how == wire::form::bytes)
      return entry->bytes;
  return {};
}

std::int64_t number_field(std::string_view message, std::uint32_t number) {
  wire::reader in(message);
  while (auto entry = in.next())
    if (entry->number == number && entry->how == wire::form::varint)
      return static_cast<std::int64_t>(entry->value);
  return 0;
}

/// Whether a value says what its absence would say.
bool says_nothing(const field& f, const json& value) {
  if (f.required || f.zero_is_set)
    return value.is_null();
  if (value.is_string())
    return value.get_ref<const std::string&>().empty();
  if (value.is_boolean())
    return !value.get<bool>();
  return value.is_null() || (value.is_number_integer() && value.get<std::int64_t>() == 0);
}

result<json> time_value(const type& of, std::string_view bytes) {
  auto seconds = number_field(bytes, 1);
  auto nanos = number_field(bytes, 2);
  if (seconds == 0 && nanos == 0)
    return json(nullptr);
  constexpr std::int64_t limit = 9'200'000'000; // what nanoseconds in 64 bits reach
  if (seconds < -limit || seconds > limit || nanos < 0 || nanos >= 1'000'000'000)
    return malformed("a time out of range");
  auto t = instant(std::chrono::seconds(seconds)) + std::chrono::nanoseconds(nanos);
  return json(of.what == shape::time ? api::format_time(t) : api::format_micro_time(t));
}

result<json> decoder::any_value(std::string_view bytes, std::size_t depth) {
  auto raw = bytes_field(bytes, 1);
  if (raw.empty())
    return json(nullptr);
  if (raw.starts_with(protobuf_magic))
    return envelope(raw, depth + 1);
  return read_json(raw);
}

result<json> decoder::bytes_value(const type& of, std::string_view bytes, std::size_t depth) {
  switch (of.what) {
  case shape::string: return json(std::string(bytes));
  case shape::bytes: return json(to_base64(bytes));
  case shape::quantity: {
    auto text = bytes_field(bytes, 1);
    return text.empty() ? json("0") : json(std::string(text));
  }
  case shape::int_or_string:
    if (number_field(bytes, 1) == 1)
      return json(std::string(bytes_field(bytes, 3)));
    return json(static_cast<std::int32_t>(number_field(bytes, 2)));
  case shape::time:
  case shape::micro_time: return time_value(of, bytes);
  case shape::any: return any_value(bytes, depth);
  case shape::object: {
    auto out = json::object();
    CHECK_RETURN(message(of, bytes, out, {}, depth + 1));
    return out;
  }
  case shape::array: { // within a map: a message with the items as 1
    auto out = json::array();
    wire::reader in(bytes);
    while (auto entry = in.next()) {
      OR_RETURN(auto part, value(*of.element, *entry, depth + 1));
      out.push_back(std::move(part));
    }
    if (in.broken())
      return malformed("a list that is cut off");
    return out;
  }
  default: return malformed("bytes where a number is expected");
  }
}

result<json> decoder::value(const type& of, const wire::entry& entry, std::size_t depth) {
  if (entry.how == wire::form::bytes)
    return bytes_value(of, entry.bytes, depth);
  if (of.what == shape::boolean)
    return json(entry.value != 0);
  if (of.what == shape::integer && of.format == "int32")
    return json(static_cast<std::int32_t>(entry.value));
  if (of.what == shape::integer)
    return json(static_cast<std::int64_t>(entry.value));
  return malformed("a number where bytes are expected");
}

result<void> decoder::map_entry(const type& of, std::string_view bytes, json& into,
                                std::size_t depth) {
  std::string key(bytes_field(bytes, 1));
  wire::reader in(bytes);
  json part;
  bool given = false;
  while (auto entry = in.next()) {
    if (entry->number != 2)
      continue;
    OR_RETURN(part, value(of, *entry, depth));
    given = true;
  }
  if (in.broken())
    return malformed("an entry of a map that is cut off");
  if (!given) {
    OR_RETURN(part, of.what == shape::integer   ? result<json>(json(0))
                    : of.what == shape::boolean ? result<json>(json(false))
                                                : bytes_value(of, "", depth));
  }
  into[key] = std::move(part);
  return {};
}

result<void> decoder::field_value(const field& f, const wire::entry& entry, json& into,
                                  std::size_t depth) {
  const std::string name(f.name);
  if (f.of->what == shape::map) {
    auto& members = into[name];
    if (members.is_null())
      members = json::object();
    return map_entry(*f.of->element, entry.bytes, members, depth);
  }
  if (f.of->what != shape::array) {
    OR_RETURN(auto part, value(*f.of, entry, depth));
    if (says_nothing(f, part))
      into.erase(name);
    else
      into[name] = std::move(part);
    return {};
  }
  auto& list = into[name];
  if (list.is_null())
    list = json::array();
  const auto& of = *f.of->element;
  bool number = of.what == shape::integer || of.what == shape::boolean;
  if (!number || entry.how != wire::form::bytes) {
    OR_RETURN(auto part, value(of, entry, depth));
    list.push_back(std::move(part));
    return {};
  }
  wire::reader packed(entry.bytes);
  for (auto rest = entry.bytes.size(); rest > 0;) {
    auto one = packed.varint();
    if (!one)
      return malformed("a packed list that is cut off");
    OR_RETURN(auto part, value(of, {.number = f.wire, .value = *one}, depth));
    list.push_back(std::move(part));
    rest = packed.left();
  }
  return {};
}

result<void> decoder::message(const type& of, std::string_view bytes, json& into, place at,
                              std::size_t depth) {
  if (depth > max_depth)
    return malformed("nested too deep");
  wire::reader in(bytes);
  while (auto entry = in.next()) {
    if (const auto* f = find_field(of, entry->number, at)) {
      CHECK_RETURN(field_value(*f, *entry, into, depth));
    } else if (auto inner = find_embedded(of, entry->number, at);
               inner && entry->how == wire::form::bytes) {
      CHECK_RETURN(message(of, entry->bytes, into, *inner, depth + 1));
    }
  }
  if (in.broken())
    return malformed("a message that is cut off");
  return {};
}

result<json> decoder::envelope(std::string_view bytes, std::size_t depth) {
  if (!bytes.starts_with(protobuf_magic))
    return malformed("it does not begin with k8s and a zero byte");
  bytes.remove_prefix(protobuf_magic.size());
  auto meta = bytes_field(bytes, 1);
  std::string api_version(bytes_field(meta, 1));
  std::string kind(bytes_field(meta, 2));
  auto slash = api_version.find('/');
  auto group = slash == std::string::npos ? std::string() : api_version.substr(0, slash);
  auto version = slash == std::string::npos ? api_version : api_version.substr(slash + 1);
  const auto* known = kinds_.by_kind(group, version, kind);
  if (known == nullptr && kind == "DeleteOptions") // clients name it after the group they delete in
    known = kinds_.by_kind("", "v1", kind);
  if (known == nullptr || !speaks_protobuf(*known->of))
    return failure{reason::unsupported_media_type, "the kind \"" + kind + "\" of \"" + api_version
                                                     + "\" cannot be read from protobuf"};
  json out = {{"apiVersion", api_version}, {"kind", kind}};
  CHECK_RETURN(message(*known->of, bytes_field(bytes, 2), out, {}, depth));
  return out;
}

} // namespace

result<json> from_protobuf(const schema::catalog& kinds, std::string_view bytes) {
  if (bytes.size() > max_body_bytes)
    return failure{reason::too_large, "the body has " + std::to_string(bytes.size())
                                        + " bytes, more than the allowed "
                                        + std::to_string(max_body_bytes)};
  return decoder(kinds).envelope(bytes, 0);
}

} // namespace troupe::codec
