#include "store/base/hash.hpp"

#include <bit>
#include <cstring>

namespace troupe::store {
namespace {

constexpr std::uint64_t salt_a = 0x9e3779b97f4a7c15U; // the golden ratio
constexpr std::uint64_t salt_b = 0xc2b2ae3d27d4eb4fU; // odd, half of its bits set

/// The 128-bit product folded onto itself.
std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t word_at(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

} // namespace

std::uint64_t hash_mix(std::uint64_t a, std::uint64_t b) {
  return fold(a ^ salt_a, b + salt_b) ^ (b * salt_a);
}

std::uint64_t hash_bytes(std::string_view bytes, std::uint64_t seed) {
  auto hash = fold(seed ^ salt_b, bytes.size() + salt_a);
  auto rest = bytes;
  for (; rest.size() >= 16; rest.remove_prefix(16))
    hash =
      fold(word_at(rest.data()) ^ salt_a, word_at(rest.data() + 8) ^ hash) ^ std::rotl(hash, 23);
  char tail[16] = {};
  if (!rest.empty())
    std::memcpy(tail, rest.data(), rest.size());
  hash = fold(word_at(tail) ^ salt_a, word_at(tail + 8) ^ hash) ^ std::rotl(hash, 23);
  return hash_mix(hash, bytes.size());
}

} // namespace troupe::store
