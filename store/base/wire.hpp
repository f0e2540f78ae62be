// Bytes as the store writes them: little-endian numbers, varints, length-prefixed text; and their
// bounds-checked reader.
//
//   std::string out;
//   put_varint(out, 7);
//   put_bytes(out, "pods");
//   unpacker in{out};
//   auto n = in.varint();
//   auto text = in.bytes();
//   if (!in.done()) ... // something was missing, malformed or left over
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace troupe::store {

static_assert(std::endian::native == std::endian::little, "the store's formats are little-endian");

inline void put_u8(std::string& out, std::uint8_t n) { out.push_back(static_cast<char>(n)); }

inline void put_u32(std::string& out, std::uint32_t n) {
  std::array<char, sizeof n> raw{};
  std::memcpy(raw.data(), &n, sizeof n);
  out.append(raw.data(), raw.size());
}

inline void put_u64(std::string& out, std::uint64_t n) {
  std::array<char, sizeof n> raw{};
  std::memcpy(raw.data(), &n, sizeof n);
  out.append(raw.data(), raw.size());
}

/// Big-endian: its bytes sort as the numbers do.
inline void put_ordered(std::string& out, std::uint64_t n) { put_u64(out, __builtin_bswap64(n)); }

inline void put_varint(std::string& out, std::uint64_t n) {
  for (; n >= 0x80; n >>= 7)
    put_u8(out, static_cast<std::uint8_t>(n | 0x80U));
  put_u8(out, static_cast<std::uint8_t>(n));
}

inline void put_bytes(std::string& out, std::string_view bytes) {
  put_varint(out, bytes.size());
  out.append(bytes);
}

/// Takes values off the front. After the first thing that is missing or malformed every answer is
/// zero or empty, and good() is false: check once, at the end. Views point into the bytes given.
class unpacker {
public:
  explicit unpacker(std::string_view bytes) : rest_(bytes) {}

  std::uint8_t u8() {
    auto raw = take(1);
    return raw.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(raw[0]);
  }
  std::uint32_t u32() { return fixed<std::uint32_t>(); }
  std::uint64_t u64() { return fixed<std::uint64_t>(); }
  std::uint64_t ordered() { return __builtin_bswap64(u64()); }

  std::uint64_t varint() {
    std::uint64_t n = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      auto byte = u8();
      if (shift == 63 && byte > 1)
        break; // does not fit
      n |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
      if (byte < 0x80)
        return good_ ? n : 0;
    }
    fail();
    return 0;
  }

  std::string_view bytes() { return take(varint()); }

  std::string_view take(std::uint64_t size) {
    if (size > rest_.size())
      fail();
    if (!good_)
      return {};
    auto out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }

  /// Marks what was read as malformed.
  void fail() {
    good_ = false;
    rest_ = {};
  }
  bool good() const { return good_; }
  /// Everything was there, and nothing is left.
  bool done() const { return good_ && rest_.empty(); }
  std::string_view rest() const { return rest_; }

private:
  template <class N> N fixed() {
    N n{};
    if (auto raw = take(sizeof n); !raw.empty())
      std::memcpy(&n, raw.data(), sizeof n);
    return n;
  }

  std::string_view rest_;
  bool good_ = true;
};

} // namespace troupe::store
