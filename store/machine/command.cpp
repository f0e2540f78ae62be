#include "store/machine/command.hpp"

#include "store/base/wire.hpp"

namespace troupe::store {
namespace {

// On disk and on the wire: never renumbered.
enum class tag : std::uint8_t {
  transaction = 1,
  compact_history = 2,
  jump_revision = 3,
  announce_version = 4,
};

std::string begin(tag what, std::uint32_t version) {
  std::string out;
  put_u8(out, static_cast<std::uint8_t>(version));
  put_u8(out, static_cast<std::uint8_t>(what));
  return out;
}

std::size_t size_of(const transaction& t) {
  std::size_t out = 32;
  for (auto& each : t.when)
    out += each.key.size() + 24;
  for (auto& each : t.then)
    out += each.key.size() + each.value.size() + 24;
  return out;
}

std::string encode_one(const transaction& what, std::uint32_t version) {
  return encode(what, version);
}

std::string encode_one(const compact_history& what, std::uint32_t version) {
  auto out = begin(tag::compact_history, version);
  put_varint(out, raw(what.upto));
  return out;
}

std::string encode_one(const jump_revision& what, std::uint32_t version) {
  auto out = begin(tag::jump_revision, version);
  put_varint(out, raw(what.to));
  return out;
}

std::string encode_one(const announce_version& what, std::uint32_t version) {
  auto out = begin(tag::announce_version, version);
  put_varint(out, raw(what.member));
  put_varint(out, what.newest);
  return out;
}

predicate take_predicate(unpacker& in) {
  predicate out;
  auto what = in.u8();
  if (what > static_cast<std::uint8_t>(predicate::test::modified_is))
    in.fail();
  out.what = static_cast<predicate::test>(what);
  out.key = in.bytes();
  if (out.what == predicate::test::modified_is)
    out.at = revision{in.varint()};
  return out;
}

operation take_operation(unpacker& in) {
  operation out;
  auto what = in.u8();
  if (what > static_cast<std::uint8_t>(operation::kind::erase))
    in.fail();
  out.what = static_cast<operation::kind>(what);
  out.key = in.bytes();
  if (out.what == operation::kind::put)
    out.value = in.bytes();
  return out;
}

transaction take_transaction(unpacker& in) {
  transaction out;
  auto fenced = in.u8();
  if (fenced > 1)
    in.fail();
  if (fenced == 1)
    out.fence = term_id{in.varint()};
  out.cause = cause_id{in.u64()};
  for (auto left = in.varint(); left > 0 && in.good(); --left)
    out.when.push_back(take_predicate(in));
  for (auto left = in.varint(); left > 0 && in.good(); --left)
    out.then.push_back(take_operation(in));
  return out;
}

command take_command(unpacker& in) {
  switch (static_cast<tag>(in.u8())) {
  case tag::transaction: return take_transaction(in);
  case tag::compact_history: return compact_history{revision{in.varint()}};
  case tag::jump_revision: return jump_revision{revision{in.varint()}};
  case tag::announce_version: {
    auto member = member_id{in.varint()};
    auto newest = in.varint();
    if (newest > 0xffffffffU)
      in.fail();
    return announce_version{member, static_cast<std::uint32_t>(newest)};
  }
  }
  in.fail();
  return {};
}

} // namespace

std::string encode(const transaction& what, std::uint32_t version) {
  auto out = begin(tag::transaction, version);
  out.reserve(size_of(what));
  put_u8(out, what.fence ? 1 : 0);
  if (what.fence)
    put_varint(out, raw(*what.fence));
  put_u64(out, raw(what.cause));
  put_varint(out, what.when.size());
  for (auto& each : what.when) {
    put_u8(out, static_cast<std::uint8_t>(each.what));
    put_bytes(out, each.key);
    if (each.what == predicate::test::modified_is)
      put_varint(out, raw(each.at));
  }
  put_varint(out, what.then.size());
  for (auto& each : what.then) {
    put_u8(out, static_cast<std::uint8_t>(each.what));
    put_bytes(out, each.key);
    if (each.what == operation::kind::put)
      put_bytes(out, each.value);
  }
  return out;
}

std::string encode(const command& what, std::uint32_t version) {
  return std::visit([version](const auto& each) { return encode_one(each, version); }, what);
}

std::uint32_t version_of(std::string_view bytes) { return unpacker{bytes}.u8(); }

result<command> decode(std::string_view bytes, std::uint32_t newest) {
  unpacker in{bytes};
  auto version = in.u8();
  if (in.good() && (version == 0 || version > newest))
    return failure{.reason = reason::bad_request,
                   .message = "decode a command of version " + std::to_string(version)
                              + ": this program knows versions up to " + std::to_string(newest)};
  auto out = take_command(in);
  if (!in.done())
    return failure{.reason = reason::bad_request,
                   .message = "decode a command of " + std::to_string(bytes.size())
                              + " bytes: it is malformed"};
  return out;
}

} // namespace troupe::store
