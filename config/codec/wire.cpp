#include "config/codec/wire.hpp"

namespace troupe::codec::wire {

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7U)
    out += static_cast<char>(value | 0x80U);
  out += static_cast<char>(value);
}

void put_key(std::string& out, std::uint32_t number, form how) {
  put_varint(out, (std::uint64_t{number} << 3U) | static_cast<std::uint64_t>(how));
}

void put_number(std::string& out, std::uint32_t number, std::uint64_t value) {
  put_key(out, number, form::varint);
  put_varint(out, value);
}

void put_bytes(std::string& out, std::uint32_t number, std::string_view bytes) {
  put_key(out, number, form::bytes);
  put_varint(out, bytes.size());
  out.append(bytes);
}

std::optional<std::uint64_t> reader::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
    auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80)
      return value;
  }
  broken_ = true;
  return {};
}

std::optional<std::uint64_t> reader::fixed(std::size_t bytes) {
  if (rest_.size() < bytes) {
    broken_ = true;
    return {};
  }
  std::uint64_t value = 0;
  for (std::size_t i = bytes; i-- > 0;)
    value = (value << 8U) | static_cast<unsigned char>(rest_[i]);
  rest_.remove_prefix(bytes);
  return value;
}

std::optional<entry> reader::next() {
  if (broken_ || rest_.empty())
    return {};
  auto key = varint();
  if (!key)
    return {};
  entry out{.number = static_cast<std::uint32_t>(*key >> 3U), .how = static_cast<form>(*key & 7U)};
  std::optional<std::uint64_t> value;
  if (out.how == form::fixed64 || out.how == form::fixed32)
    value = fixed(out.how == form::fixed64 ? 8 : 4);
  else if (out.how == form::varint || out.how == form::bytes)
    value = varint();
  if (!value || out.number == 0 || *key >> 3U > 0x1fffffffU
      || (out.how == form::bytes && *value > rest_.size())) {
    broken_ = true;
    return {};
  }
  out.value = *value;
  if (out.how == form::bytes) {
    out.bytes = rest_.substr(0, *value);
    rest_.remove_prefix(*value);
  }
  return out;
}

} // namespace troupe::codec::wire
