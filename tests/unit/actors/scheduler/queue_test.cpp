#include "actors/scheduler/queue/queue.hpp"
#include "config/base/random.hpp"

#include <doctest/doctest.h>

namespace troupe::scheduler {
namespace {

constexpr auto t0 = instant{} + 1h;

TEST_CASE("queue: the more important first, then the older") {
  queue q;
  q.add(1, 0, t0 + 2s, false, t0);
  q.add(2, 0, t0 + 1s, false, t0);
  q.add(3, 9, t0 + 3s, false, t0);
  CHECK(q.pop(t0) == 3);
  CHECK(q.pop(t0) == 2);
  CHECK(q.pop(t0) == 1);
  CHECK_FALSE(q.pop(t0));
}

TEST_CASE("queue: pauses double from one second to ten") {
  queue q;
  q.add(1, 0, t0, false, t0);
  auto now = t0;
  for (auto pause : {1s, 2s, 4s, 8s, 10s, 10s}) {
    REQUIRE(q.pop(now) == 1);
    q.failed(1, now);
    CHECK_FALSE(q.pop(now + pause - 1ms));
    CHECK(q.next() == now + pause);
    now += pause;
  }
}

TEST_CASE("queue: a refused pod waits for what may help it") {
  queue q;
  q.add(1, 0, t0, false, t0);
  q.pop(t0);
  q.refused(1, some_node_taints, t0);
  q.happened(some_pod_gone, t0 + 20s);
  CHECK_FALSE(q.pop(t0 + 20s));
  q.happened(some_node_taints, t0 + 20s);
  CHECK(q.pop(t0 + 20s) == 1);
}

TEST_CASE("queue: what helps within the pause makes the pod active at its end") {
  queue q;
  q.add(1, 0, t0, false, t0);
  q.pop(t0);
  q.refused(1, anything, t0);
  q.happened(some_node_added, t0 + 100ms);
  CHECK_FALSE(q.pop(t0 + 500ms));
  CHECK(q.pausing() == 1);
  CHECK(q.pop(t0 + 1s) == 1);
}

TEST_CASE("queue: after five minutes a refused pod is tried whatever happened") {
  queue q;
  q.add(1, 0, t0, false, t0);
  q.pop(t0);
  q.refused(1, 0, t0);
  CHECK(q.next() == t0 + 5min);
  CHECK_FALSE(q.pop(t0 + 5min - 1s));
  CHECK(q.pop(t0 + 5min) == 1);
}

TEST_CASE("queue: a gated pod waits until it comes without gates") {
  queue q;
  q.add(1, 0, t0, true, t0);
  CHECK_FALSE(q.pop(t0));
  CHECK(q.gated() == 1);
  CHECK_FALSE(q.next());
  CHECK(q.same(1, 0, true));
  CHECK_FALSE(q.same(1, 0, false));
  q.add(1, 0, t0, false, t0);
  CHECK(q.pop(t0) == 1);
  CHECK(q.gated() == 0);
}

TEST_CASE("queue: a removed pod is nowhere") {
  queue q;
  for (pod_id p = 0; p < 4; ++p)
    q.add(p, 0, t0, p == 3, t0);
  q.pop(t0);
  q.refused(0, anything, t0);
  q.pop(t0);
  q.failed(1, t0);
  for (pod_id p = 0; p < 4; ++p)
    q.remove(p);
  CHECK(q.active() + q.pausing() + q.refused() + q.gated() == 0);
  q.happened(anything, t0 + 1h);
  CHECK_FALSE(q.pop(t0 + 1h));
}

TEST_CASE("queue: property: no pod is lost, none is popped twice") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    random_source random{seed};
    queue q;
    auto now = t0;
    std::set<pod_id> out;
    for (pod_id p = 0; p < 50; ++p)
      q.add(p, static_cast<std::int64_t>(random.below(3)), t0, false, now);
    for (int step = 0; step < 2000 && out.size() < 50; ++step) {
      now += std::chrono::milliseconds{random.below(500)};
      if (random.chance(1, 3))
        q.happened(static_cast<std::uint8_t>(random.below(64)), now);
      auto p = q.pop(now);
      if (!p)
        continue;
      REQUIRE_FALSE(out.contains(*p));
      switch (random.below(3)) {
      case 0: q.refused(*p, static_cast<std::uint8_t>(random.below(64)), now); break;
      case 1: q.failed(*p, now); break;
      default: q.placed(*p); out.insert(*p);
      }
    }
    now += 10min;
    while (auto p = q.pop(now)) {
      REQUIRE_FALSE(out.contains(*p));
      q.placed(*p);
      out.insert(*p);
    }
    CHECK(out.size() == 50);
  }
}

} // namespace
} // namespace troupe::scheduler
