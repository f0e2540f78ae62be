#include "actors/bench/tally.hpp"

#include <doctest/doctest.h>

using namespace troupe;

TEST_CASE("bench tally: counts what each watcher got, and times only the window's writes") {
  duration now = 0ns;
  bench::tally all{2, [&] { return now; }};
  now = 100ms;
  all.on_change(0, revision{2}, bench::stamped(10ms, 32)); // of the warm-up
  all.time(50ms, 90ms);
  all.on_change(0, revision{3}, bench::stamped(80ms, 32));
  all.on_change(1, revision{3}, bench::stamped(40ms, 32));
  all.on_change(1, revision{4}, bench::stamped(90ms, 32));
  all.on_change(1, revision{5}, bench::stamped(60ms, 8));
  auto seen = all.now();
  CHECK(seen.delivered == 5);
  CHECK(seen.least == 2);
  CHECK(seen.disorder == 0);
  CHECK(seen.took.count() == 2);
  CHECK(seen.took.max() == 40ms);
  CHECK(seen.ended.empty());
}

TEST_CASE("bench tally: a change that comes twice or too late is disorder; the end is kept") {
  bench::tally all{1, [] { return duration{}; }};
  all.on_change(0, revision{3}, bench::stamped(0ns, 8));
  all.on_change(0, revision{3}, bench::stamped(0ns, 8));
  all.on_change(0, revision{2}, "short");
  all.on_end("gone");
  CHECK(all.now().disorder == 2);
  CHECK(all.now().ended == "gone");
}
