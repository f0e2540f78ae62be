#include "store/mvcc/compaction_schedule.hpp"

#include <doctest/doctest.h>

namespace troupe::store {
namespace {

TEST_CASE("compaction schedule: compacts to what stood when the time began") {
  compaction_schedule schedule{5min, 5};
  instant start{1000h};
  CHECK_FALSE(schedule.note(revision{10}, start));
  CHECK_FALSE(schedule.note(revision{20}, start + 1min));
  CHECK_FALSE(schedule.note(revision{30}, start + 4min + 59s));
  CHECK(schedule.note(revision{40}, start + 5min) == revision{10});
  CHECK_FALSE(schedule.note(revision{50}, start + 5min + 1s));
  CHECK(schedule.note(revision{60}, start + 6min) == revision{20});
}

TEST_CASE("compaction schedule: an idle store is compacted once") {
  compaction_schedule schedule{5min, 5};
  instant now{1000h};
  int orders = 0;
  for (int i = 0; i < 100; ++i, now += 1min)
    orders += schedule.note(revision{10}, now) ? 1 : 0;
  CHECK(orders == 1);
}

TEST_CASE("compaction schedule: a change is kept for the time and not much longer") {
  compaction_schedule schedule{5min, 10};
  instant start{1000h};
  for (int second = 0; second < 3600; ++second) { // one revision a second
    auto due = schedule.note(revision{static_cast<std::uint64_t>(second)}, start + second * 1s);
    if (!due)
      continue;
    auto age = second - static_cast<int>(raw(*due));
    CHECK(age >= 300);
    CHECK(age <= 331);
  }
}

} // namespace
} // namespace troupe::store
