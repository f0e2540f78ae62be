#include "actors/kernel/frame.hpp"

namespace troupe::kernel {
namespace {

constexpr std::size_t fixed = 1 + 1 + 8 + 8;

void put(std::string& to, std::uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8)
    to.push_back(static_cast<char>((value >> shift) & 0xff));
}

std::uint64_t take(std::string_view& from) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i)
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(from[i])) << (8 * i);
  from.remove_prefix(8);
  return value;
}

void put(std::string& to, std::string_view text) {
  invariant(text.size() <= 255, "names in frames have at most 255 bytes");
  to.push_back(static_cast<char>(text.size()));
  to += text;
}

bool take(std::string_view& from, std::string_view& text) {
  if (from.empty())
    return false;
  auto length = static_cast<std::size_t>(static_cast<unsigned char>(from[0]));
  from.remove_prefix(1);
  if (from.size() < length)
    return false;
  text = from.substr(0, length);
  from.remove_prefix(length);
  return true;
}

} // namespace

std::string encode_head(const frame& f) {
  std::string out;
  out.reserve(fixed + 2 + f.portal.size() + f.type.size() + f.payload.size());
  out.push_back(static_cast<char>(frame::version));
  out.push_back(static_cast<char>(f.what));
  put(out, f.correlation);
  put(out, raw(f.cause));
  put(out, f.portal);
  put(out, f.type);
  return out;
}

result<frame> decode_frame(std::string_view bytes) {
  failure malformed{.reason = reason::bad_request, .message = "a malformed frame was received"};
  if (bytes.size() < fixed + 2)
    return malformed;
  if (static_cast<std::uint8_t>(bytes[0]) != frame::version)
    return failure{.reason = reason::bad_request,
                   .message = "a frame of an unknown version was received"};
  if (static_cast<std::uint8_t>(bytes[1]) > static_cast<std::uint8_t>(frame::kind::ping))
    return malformed;
  frame f;
  f.what = static_cast<frame::kind>(bytes[1]);
  bytes.remove_prefix(2);
  f.correlation = take(bytes);
  f.cause = static_cast<cause_id>(take(bytes));
  if (!take(bytes, f.portal) || !take(bytes, f.type))
    return malformed;
  f.payload = bytes;
  return f;
}

} // namespace troupe::kernel
