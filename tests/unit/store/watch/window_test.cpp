#include "config/base/invariant.hpp"
#include "store/watch/window.hpp"
#include "tests/unit/store/watch/changes.hpp"

#include <doctest/doctest.h>

namespace troupe::store {
namespace {

TEST_CASE("window: keeps the newest changes within its count") {
  change_window window{revision{10}, {.changes = 3, .bytes = 1U << 20U}};
  CHECK(window.start() == revision{10});
  for (std::uint64_t at = 11; at <= 15; ++at)
    window.add(make_change("k", at));
  window.trim();
  CHECK(window.size() == 3);
  CHECK(window.start() == revision{12});
  CHECK(window.last() == revision{15});
  CHECK(window[window.first_after(revision{13})]->at == revision{14});
  CHECK(window.first_after(revision{15}) == 3);
  CHECK(window.first_after(revision{0}) == 0);
}

TEST_CASE("window: keeps no more bytes than it may") {
  change_window window{revision{0}, {.changes = 1000, .bytes = 2000}};
  for (std::uint64_t at = 1; at <= 100; ++at) {
    window.add(make_change("k", at));
    window.trim();
    CHECK(window.bytes() <= 2000);
  }
  CHECK(window.size() > 0);
  CHECK(window.start() == revision{100 - window.size()});
}

TEST_CASE("window: changes out of order are refused") {
  change_window window{revision{5}};
  CHECK_THROWS_AS(window.add(make_change("k", 5)), broken_invariant);
  window.add(make_change("k", 6));
  CHECK_THROWS_AS(window.add(make_change("k", 6)), broken_invariant);
  CHECK_THROWS_AS(window.advance(revision{5}), broken_invariant);
}

TEST_CASE("window: after a reset it is complete for what comes next only") {
  change_window window{revision{5}};
  window.add(make_change("k", 6));
  window.reset(revision{100});
  CHECK(window.size() == 0);
  CHECK(window.bytes() == 0);
  CHECK(window.start() == revision{100});
}

} // namespace
} // namespace troupe::store
