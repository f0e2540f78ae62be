#include "config/base/random.hpp"
#include "store/base/hash.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <set>
#include <string>

namespace troupe::store {
namespace {

TEST_CASE("hash: known values, so that replicas on different machines and versions agree") {
  CHECK(hash_bytes("") == 12797795701547087224U);
  CHECK(hash_bytes("pods/default/web") == 13885327711716964790U);
  CHECK(hash_bytes("pods/default/web", 1) == 732382628629465302U);
}

TEST_CASE("hash: length, order and every single bit count") {
  std::string text(100, 'x');
  std::set<std::uint64_t> seen{hash_bytes(text)};
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    auto other = text;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << (bit % 8)));
    CHECK(seen.insert(hash_bytes(other)).second);
  }
  for (std::size_t size = 0; size < 100; ++size)
    CHECK(seen.insert(hash_bytes(std::string(size, '\0'))).second);
  CHECK(hash_mix(1, 2) != hash_mix(2, 1));
  CHECK(hash_mix(0, 1) != hash_mix(0, 2));
}

TEST_CASE("hash: one flipped bit flips half of the bits") {
  random_source chance{11};
  std::uint64_t flipped = 0;
  constexpr int rounds = 2000;
  for (int i = 0; i < rounds; ++i) {
    std::string text(1 + chance.below(60), '\0');
    for (auto& c : text)
      c = static_cast<char>(chance());
    auto before = hash_bytes(text);
    auto& c = text[chance.below(text.size())];
    c = static_cast<char>(c ^ (1 << chance.below(8)));
    flipped += static_cast<std::uint64_t>(std::popcount(before ^ hash_bytes(text)));
  }
  auto average = static_cast<double>(flipped) / rounds;
  CHECK(average > 30);
  CHECK(average < 34);
}

} // namespace
} // namespace troupe::store
