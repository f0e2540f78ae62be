#include "actors/client/failover.hpp"
#include "actors/kernel/actor.hpp"
#include "tests/support/deterministic.hpp"

#include <doctest/doctest.h>

namespace troupe::client {
namespace {

/// A master by hand: what it answers, and how often it was asked.
struct scripted_master {
  std::optional<failure> refuses;
  int calls = 0;
  int watches = 0;
};
using scripted = std::shared_ptr<scripted_master>;

api_actor spawn_master(const kernel::place& at, const scripted& of, std::uint64_t stream) {
  using self_ptr = kernel::self_ptr<api_actor, kernel::stateless>;
  return kernel::spawn<api_actor, kernel::stateless>(at, [of, stream](self_ptr) {
    return api_actor::behavior_type{[of](const call&) -> kernel::reply<called> {
                                      ++of->calls;
                                      if (of->refuses)
                                        return kernel::to_error(*of->refuses);
                                      return called{};
                                    },
                                    [of, stream](const open_watch&) -> kernel::reply<watch_opened> {
                                      if (of->refuses)
                                        return kernel::to_error(*of->refuses);
                                      return watch_opened{stream};
                                    },
                                    [of](const next_events&) -> kernel::reply<events> {
                                      ++of->watches;
                                      return events{};
                                    },
                                    [](const close_watch&) {}};
  });
}

struct two_masters {
  two_masters() {
    for (std::size_t i = 0; i < 2; ++i) {
      masters.push_back(std::make_shared<scripted_master>());
      all.push_back(spawn_master(world.at("m" + std::to_string(i)), masters[i], i + 1));
    }
    front = spawn_failover(world.at("api"), [this] { return known; });
    known = all;
  }
  result<called> ask(api::verb verb = api::verb::get) {
    api::request r;
    r.verb = verb;
    return world.ask<called>(front, call{r}, 1min);
  }
  deterministic world;
  std::vector<scripted> masters;
  std::vector<api_actor> all;
  std::vector<api_actor> known;
  api_actor front;
};

const failure away{.reason = reason::unavailable, .message = "away"};
const failure late{.reason = reason::timeout, .message = "late"};

} // namespace

TEST_CASE("failover: what one master cannot take goes to the next, and stays there") {
  two_masters w;
  w.masters[0]->refuses = away;
  CHECK(w.ask());
  CHECK(w.ask());
  CHECK(w.masters[0]->calls == 1);
  CHECK(w.masters[1]->calls == 2);
}

TEST_CASE("failover: each master is tried once, then the failure is told") {
  two_masters w;
  w.masters[0]->refuses = w.masters[1]->refuses = away;
  CHECK(w.ask().error().reason == reason::unavailable);
  CHECK(w.masters[0]->calls + w.masters[1]->calls == 2);
}

TEST_CASE("failover: a write whose outcome is unknown is not tried again, a read is") {
  two_masters w;
  w.masters[0]->refuses = late;
  CHECK(w.ask(api::verb::create).error().reason == reason::timeout);
  CHECK(w.masters[1]->calls == 0);
  CHECK(w.ask(api::verb::create)); // the next one goes to the other
  w.masters[1]->refuses = late;
  w.masters[0]->refuses = {};
  CHECK(w.ask());
}

TEST_CASE("failover: masters that come are used, those that go are not") {
  two_masters w;
  w.known = {};
  CHECK(w.ask().error().reason == reason::unavailable);
  w.known = {w.all[0]};
  CHECK(w.ask());
  w.known = {w.all[1]};
  CHECK(w.ask());
  CHECK(w.masters[0]->calls == 1);
  CHECK(w.masters[1]->calls == 1);
}

TEST_CASE("failover: a watch stays with the master that opened it, though the list changes") {
  two_masters w;
  auto opened = w.world.ask<watch_opened>(w.front, open_watch{});
  REQUIRE(opened);
  w.known = {w.all[1], w.all[0]};
  CHECK(w.world.ask<events>(w.front, next_events{opened->stream}));
  CHECK(w.masters[opened->stream - 1]->watches == 1);
  CHECK(w.world.ask<events>(w.front, next_events{99}).error().reason == reason::gone);
}

} // namespace troupe::client
