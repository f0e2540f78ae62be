// The ring: what it keeps, what it forgets, and that writers and readers do not disturb each other.
#include "actors/kernel/trace_ring.hpp"

#include <doctest/doctest.h>

#include <thread>

using namespace troupe;
using namespace troupe::kernel::trace;

namespace {

record numbered(std::uint64_t n) {
  record r{.id = cause_id{n}, .cause = cause_id{n + 1}};
  r.enqueued = r.started = r.ended = static_cast<std::int64_t>(n);
  r.name_object("Pod/default/" + std::to_string(n));
  return r;
}

} // namespace

TEST_CASE("ring: it keeps the newest, in order, and tells what was lost") {
  recorder of{"m0", 1, 128 * 16};
  auto& ring = of.inside();
  for (std::uint64_t n = 0; n < 20; ++n)
    ring.write(numbered(n));
  auto all = of.snapshot();
  REQUIRE(all.size() == 16);
  CHECK(all.front().id == cause_id{4});
  CHECK(all.back().id == cause_id{19});
  CHECK(all.back().object == "Pod/default/19");
  auto late = of.follow(2);
  CHECK(late.lost == 2);
  CHECK(late.events.size() == 16);
  CHECK(late.next == 20);
  CHECK(of.follow(late.next).events.empty());
}

TEST_CASE("ring: filters by object and id, and a limit keeps the newest") {
  recorder of{"m0", 1, 128 * 64};
  for (std::uint64_t n = 1; n <= 10; ++n)
    of.inside().write(numbered(n));
  CHECK(of.snapshot({.object = "Pod/default/7"}).size() == 1);
  CHECK(of.snapshot({.id = cause_id{3}}).size() == 1);
  CHECK(of.snapshot({.object = "Pod/default/70"}).empty());
  auto two = of.snapshot({}, 2);
  REQUIRE(two.size() == 2);
  CHECK(two[0].id == cause_id{9});
}

TEST_CASE("ring: more causes than one are gathered") {
  recorder of{"m0", 1, 128 * 64};
  of.inside().write(numbered(1));
  of.inside().write({.id = cause_id{1}, .cause = cause_id{50}, .what = record::kind::also});
  of.inside().write({.id = cause_id{1}, .cause = cause_id{51}, .what = record::kind::also});
  auto all = of.snapshot();
  REQUIRE(all.size() == 1);
  CHECK(all[0].causes == std::vector{cause_id{2}, cause_id{50}, cause_id{51}});
}

TEST_CASE("ring: names longer than a record's place are cut") {
  recorder of{"m0", 1, 128 * 64};
  record r{.id = cause_id{1}};
  r.name_object(std::string(300, 'x'));
  of.inside().write(r);
  CHECK(of.snapshot()[0].object == std::string(object_bytes, 'x'));
  CHECK(of.snapshot({.object = std::string(300, 'x')}).size() == 1);
}

TEST_CASE("ring: the ids carry the process's tag") {
  recorder a{"a", 0xabcdef, 128};
  auto id = raw(a.inside().next_id());
  CHECK((id >> 40) == 0xabcdef);
  CHECK(raw(a.inside().next_id()) == id + 1);
}

TEST_CASE("ring: paths of the gone are reused only when no record names them any more") {
  recorder of{"m0", 1, 128 * 4};
  auto& ring = of.inside();
  auto first = ring.enter("pods/a");
  CHECK(ring.enter("pods/a") == first); // the same path is the same number
  ring.leave(first);
  ring.leave(first);
  CHECK(ring.enter("pods/b") != first);
  for (std::uint64_t n = 0; n < 4; ++n)
    ring.write(numbered(n));
  CHECK(ring.enter("pods/c") == first);
  CHECK(ring.path(first) == "pods/c");
  std::size_t most = 0;
  for (int i = 0; i < 10'000; ++i) {
    auto id = ring.enter("pods/" + std::to_string(i));
    most = std::max<std::size_t>(most, id);
    ring.write(numbered(1));
    ring.leave(id);
  }
  CHECK(most < 32);
}

TEST_CASE("ring: readers see whole records while writers wrap around") {
  recorder of{"m0", 1, 128 * 256};
  std::atomic<bool> stop{false};
  auto write = [&](std::uint64_t from) {
    for (auto n = from; !stop; n += 2)
      of.inside().write(numbered(n));
  };
  std::thread even{write, 0};
  std::thread odd{write, 1};
  std::size_t seen = 0;
  while (seen < 50'000)
    for (const auto& e : of.snapshot()) {
      ++seen;
      auto n = raw(e.id);
      if (e.causes != std::vector{cause_id{n + 1}} || e.object != "Pod/default/" + std::to_string(n)
          || e.ended.time_since_epoch().count() != static_cast<std::int64_t>(n))
        FAIL("a torn record: ", n);
    }
  stop = true;
  even.join();
  odd.join();
}

TEST_CASE("trace: the fast clock agrees with the system's") {
  for (int i = 0; i < 200'000; ++i) {
    auto before = std::chrono::system_clock::now().time_since_epoch().count();
    auto fast = fast_now();
    auto after = std::chrono::system_clock::now().time_since_epoch().count();
    if (fast < before - 1'000'000 || fast > after + 1'000'000)
      FAIL("off by more than a millisecond at ", i);
  }
}
