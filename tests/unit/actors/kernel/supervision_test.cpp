// The supervisor's decisions, as stories: events on the left, orders on the right.
#include "actors/kernel/supervision.hpp"

#include <doctest/doctest.h>

using namespace troupe;
using namespace troupe::kernel;
using namespace troupe::kernel::supervision;

namespace {

constexpr instant zero{};

std::string text(const book& b, const order& o) {
  auto name = [&] { return o.child < b.children.size() ? b.children[o.child].name : "?"; };
  auto ms = [&] {
    return std::to_string(
      std::chrono::duration_cast<std::chrono::milliseconds>(o.at - zero).count());
  };
  switch (o.what) {
  case order::kind::start: return "start " + name();
  case order::kind::stop: return "stop " + name();
  case order::kind::kill: return "kill " + name();
  case order::kind::wake_at: return "wake@" + ms();
  case order::kind::fatal: return "fatal " + name() + ": " + o.why;
  case order::kind::forget: return "forget " + std::to_string(o.child);
  case order::kind::give_up: return "give up";
  case order::kind::finish: return "finish";
  }
  return {};
}

/// A book of a, b, c, ... and what it orders, as text.
struct story {
  story(strategy how, std::vector<restart> children, tolerance limit = {}) {
    b.strategy = how;
    b.tolerance = limit;
    b.backoff = {.first = 10ms, .most = 40ms};
    for (std::size_t i = 0; i < children.size(); ++i)
      b.children.push_back(
        {.name = std::string(1, static_cast<char>('a' + i)), .restart = children[i]});
    say({.what = event::kind::started});
  }
  std::string say(const event& e) {
    std::string out;
    for (const auto& o : decide(b, e, zero + at))
      out += (out.empty() ? "" : ", ") + text(b, o);
    return out;
  }
  std::string fails(std::size_t child) {
    return say({.what = event::kind::died, .child = child, .failed = true, .why = "x"});
  }
  std::string ends(std::size_t child) { return say({.what = event::kind::died, .child = child}); }
  std::string due_at(duration when) {
    at = when;
    return say({.what = event::kind::due});
  }
  book b;
  duration at{};
};

constexpr auto always = restart::always;

} // namespace

TEST_CASE("supervision: children are started in order") {
  book b{.children = {{.name = "a"}, {.name = "b"}}};
  auto orders = decide(b, {.what = event::kind::started}, zero);
  REQUIRE(orders.size() == 2);
  CHECK(text(b, orders[0]) == "start a");
  CHECK(text(b, orders[1]) == "start b");
}

TEST_CASE("supervision: one_for_one restarts only the one that died, after its backoff") {
  story s{strategy::one_for_one, {always, always}};
  CHECK(s.fails(0) == "wake@10");
  CHECK(s.due_at(9ms) == "wake@10");
  CHECK(s.due_at(10ms) == "start a");
  CHECK(s.fails(0) == "wake@30"); // doubled
  CHECK(s.due_at(30ms) == "start a");
  CHECK(s.fails(0) == "wake@70");
  CHECK(s.due_at(70ms) == "start a");
  CHECK(s.fails(0) == "wake@110"); // at its most
  CHECK(s.due_at(110ms) == "start a");
  s.at = 60s;
  CHECK(s.fails(0) == "wake@60010"); // calm since
}

TEST_CASE("supervision: the restart policy decides what an end means") {
  struct row {
    restart policy;
    bool failed;
    std::string orders;
  };
  for (const auto& [policy, failed, orders] : std::vector<row>{
         {restart::always, true, "wake@10"},
         {restart::always, false, "wake@10"},
         {restart::on_failure, true, "wake@10"},
         {restart::on_failure, false, ""},
         {restart::never, true, "fatal a: x"},
         {restart::never, false, ""},
       }) {
    story s{strategy::one_for_one, {policy}};
    CHECK((failed ? s.fails(0) : s.ends(0)) == orders);
  }
}

TEST_CASE("supervision: one_for_all stops the others from last to first and starts all again") {
  story s{strategy::one_for_all, {always, always, always}};
  CHECK(s.fails(1) == "stop c");
  CHECK(s.ends(2) == "stop a");
  s.at = 5ms;
  CHECK(s.ends(0) == "wake@10");
  CHECK(s.due_at(10ms) == "start a, start b, start c");
}

TEST_CASE("supervision: rest_for_one leaves those before the one that died") {
  story s{strategy::rest_for_one, {always, always, always}};
  CHECK(s.fails(1) == "stop c");
  s.at = 20ms;
  CHECK(s.ends(2) == "start b, start c"); // the backoff has passed meanwhile
}

TEST_CASE("supervision: a death while others are being replaced widens the replacement") {
  story s{strategy::rest_for_one, {always, always, always}};
  CHECK(s.fails(2) == "wake@10");
  CHECK(s.fails(0) == "stop b");
  s.at = 50ms;
  CHECK(s.ends(1) == "start a, start b, start c");
}

TEST_CASE("supervision: one that ended for good is not started by a replacement") {
  story s{strategy::one_for_all, {always, restart::on_failure}};
  CHECK(s.ends(1) == "");
  CHECK(s.fails(0) == "wake@10");
  CHECK(s.due_at(10ms) == "start a");
}

TEST_CASE("supervision: one that does not stop in time is killed") {
  story s{strategy::one_for_one, {always, always}};
  CHECK(s.say({.what = event::kind::stop}) == "stop b");
  CHECK(s.say({.what = event::kind::overdue, .child = 1}) == "kill b");
  CHECK(s.fails(1) == "stop a");
  CHECK(s.say({.what = event::kind::overdue, .child = 1}) == ""); // its timer came late
  CHECK(s.ends(0) == "finish");
}

TEST_CASE("supervision: too many deaths give up, children first, and tell why") {
  story s{strategy::one_for_one, {always, always}, {.deaths = 2, .within = 1s}};
  CHECK(s.fails(0) == "wake@10");
  CHECK(s.due_at(10ms) == "start a");
  CHECK(s.fails(0) == "wake@30");
  CHECK(s.due_at(30ms) == "start a");
  CHECK(s.fails(0) == "stop b");
  CHECK(s.ends(1) == "give up");
  CHECK(s.b.gave_up == "more than 2 deaths in 1000 ms, the last of a: x");
}

TEST_CASE("supervision: deaths that are far apart are tolerated for ever") {
  story s{strategy::one_for_one, {always}, {.deaths = 1, .within = 1s}};
  for (int i = 0; i < 20; ++i) {
    s.at += 1s;
    CHECK(s.fails(0).starts_with("wake@"));
    CHECK(s.due_at(s.at + 40ms) == "start a");
  }
}

TEST_CASE("supervision: stopping a tree with a child that waits for its restart ends") {
  story s{strategy::one_for_one, {always, always}};
  CHECK(s.fails(1) == "wake@10");
  CHECK(s.say({.what = event::kind::stop}) == "stop a");
  CHECK(s.ends(0) == "finish");
  CHECK(s.due_at(10ms) == "finish");
}

TEST_CASE("supervision: children are added and removed") {
  story s{strategy::one_for_one, {always, always, always}};
  CHECK(s.say({.what = event::kind::removed, .child = 1}) == "stop b");
  CHECK(s.ends(1) == "forget 1");
  REQUIRE(s.b.children.size() == 2);
  CHECK(s.b.children[1].name == "c");
  s.b.children.push_back({.name = "d"});
  CHECK(s.say({.what = event::kind::added}) == "start d");
  CHECK(s.fails(0) == "wake@10");
  CHECK(s.say({.what = event::kind::removed, .child = 0}) == "forget 0"); // while it waits
  CHECK(s.due_at(10ms) == "");
}
