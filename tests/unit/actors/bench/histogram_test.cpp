#include "actors/bench/histogram.hpp"

#include <doctest/doctest.h>

using namespace troupe;
using bench::histogram;

TEST_CASE("bench histogram: quantiles are within a sixty-fourth of the truth") {
  histogram h;
  for (int us = 1; us <= 10'000; ++us)
    h.add(std::chrono::microseconds{us});
  CHECK(h.count() == 10'000);
  CHECK(h.max() == 10ms);
  for (auto [share, us] : {std::pair{0.5, 5000.0}, {0.99, 9900.0}, {0.001, 10.0}, {1.0, 10000.0}}) {
    auto got = std::chrono::duration<double, std::micro>(h.quantile(share)).count();
    CHECK(got >= us * (1 - 1.0 / 64));
    CHECK(got <= us * (1 + 1.0 / 64));
  }
}

TEST_CASE("bench histogram: no quantile exceeds the greatest duration") {
  histogram h;
  h.add(1'000'001ns);
  CHECK(h.quantile(0.99) == 1'000'001ns);
  CHECK(h.quantile(0) == h.quantile(1));
}

TEST_CASE("bench histogram: takes what is too short, too long or negative") {
  histogram h;
  h.add(0ns);
  h.add(-5ns);
  h.add(24h);
  CHECK(h.count() == 3);
  CHECK(h.max() == 24h);
  CHECK(h.quantile(0.5) < 2us);
  CHECK(h.quantile(1) >= 4min);
}

TEST_CASE("bench histogram: an empty one says zero, a sum counts both") {
  histogram a;
  CHECK(a.quantile(0.99) == 0ns);
  histogram b;
  a.add(1ms);
  b.add(3ms);
  a.add(b);
  CHECK(a.count() == 2);
  CHECK(a.max() == 3ms);
  CHECK(a.quantile(0.5) < 1100us);
}
