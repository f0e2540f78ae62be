// CRC-32C.
#include "store/wal/crc32c.hpp"

#include <array>
#include <cstring>

namespace troupe::wal {

namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    auto c = i;
    for (int bit = 0; bit < 8; ++bit)
      c = (c >> 1) ^ ((c & 1) ? 0x82f63b78U : 0U); // the polynomial, bits reversed
    table[i] = c;
  }
  return table;
}
constexpr auto table = make_table();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(std::string_view bytes,
                                                               std::uint32_t seed) {
  std::uint64_t c = ~seed;
  const char* p = bytes.data();
  auto left = bytes.size();
  for (; left >= 8; left -= 8, p += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, p, 8);
    c = __builtin_ia32_crc32di(c, word);
  }
  auto c32 = static_cast<std::uint32_t>(c);
  for (; left > 0; --left, ++p)
    c32 = __builtin_ia32_crc32qi(c32, static_cast<unsigned char>(*p));
  return ~c32;
}
#endif

} // namespace

std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t seed) {
  auto c = ~seed;
  for (char b : bytes)
    c = (c >> 8) ^ table[(c ^ static_cast<unsigned char>(b)) & 0xff];
  return ~c;
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2");
  if (has_instruction)
    return by_instruction(bytes, seed);
#endif
  return crc32c_by_table(bytes, seed);
}

} // namespace troupe::wal
