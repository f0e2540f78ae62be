#include "config/base/random.hpp"

#include <doctest/doctest.h>

namespace troupe {
namespace {

TEST_CASE("random source: the same seed gives the same numbers, another seed others") {
  random_source a{7};
  random_source b{7};
  random_source c{8};
  auto first = a();
  CHECK(first == b());
  CHECK(first != c());
}

TEST_CASE("random source: below stays below and reaches every value") {
  random_source r{1};
  unsigned seen = 0;
  for (int i = 0; i < 1000; ++i) {
    auto n = r.below(10);
    REQUIRE(n < 10);
    seen |= 1U << n;
  }
  CHECK(seen == 0x3ff);
}

} // namespace
} // namespace troupe
