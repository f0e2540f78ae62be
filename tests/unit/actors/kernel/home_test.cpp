// Actors at home on one thread: who runs where. Here the test's own thread is the home's.
#include "actors/kernel/actor.hpp"
#include "actors/kernel/clock.hpp"
#include "actors/kernel/home.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <thread>

using namespace troupe;
using namespace troupe::kernel;

namespace {

using seen = std::shared_ptr<std::promise<std::thread::id>>;

struct tell_thread {
  using local_only = void;
  seen to;
};
struct pass_on { // has another actor tell its thread
  using local_only = void;
  seen to;
};
struct count_down { // writes to itself so often
  using local_only = void;
  int left = 0;
  seen to;
};
using walker_actor =
  caf::typed_actor<proto::tell<tell_thread>, proto::tell<pass_on>, proto::tell<count_down>>;
using walker = self_ptr<walker_actor, stateless>;

walker_actor spawn_walker(const place& at, walker_actor next = {}) {
  return spawn<walker_actor, stateless>(at, [next](walker self) -> walker_actor::behavior_type {
    return {
      [](const tell_thread& m) { m.to->set_value(std::this_thread::get_id()); },
      [self, next](const pass_on& m) { self->tell(next, tell_thread{m.to}); },
      [self](const count_down& m) {
        if (m.left == 0)
          return m.to->set_value(std::this_thread::get_id());
        self->tell(caf::actor_cast<walker_actor>(&self->scheduled()), count_down{m.left - 1, m.to});
      }};
  });
}

struct configuration : caf::actor_system_config {
  configuration() { configure(*this, 1); }
};

struct stage {
  configuration with;
  caf::actor_system system{with};
  process_ptr own = process::make(
    system, {.who = {"m0", role::master}, .seed = 1, .trace_bytes = 1 << 16}, make_system_clock());
  std::atomic<int> woken{0};
  std::shared_ptr<home> here = std::make_shared<home>(system, [this] { ++woken; });
  ~stage() {
    here->close();
    own->crash();
  }

  place away(const char* path) { return {.process = own, .path = path}; }
  place at_home(const char* path) { return away(path).with_home(here); }
  /// Where `who` handled it, this thread being the home's.
  template <class M> std::thread::id where(const walker_actor& who) {
    auto to = std::make_shared<std::promise<std::thread::id>>();
    auto handled = to->get_future();
    tell(who, M{to});
    while (handled.wait_for(std::chrono::seconds{0}) != std::future_status::ready)
      here->run();
    return handled.get();
  }
};

const auto this_thread = [] { return std::this_thread::get_id(); };

} // namespace

TEST_CASE("home: an actor is handled on its thread, others on a worker") {
  stage s;
  auto near = spawn_walker(s.at_home("near"));
  auto far = spawn_walker(s.away("far"));
  for (int i = 0; i < 100; ++i) {
    CHECK(s.where<tell_thread>(near) == this_thread());
    CHECK(s.where<tell_thread>(far) != this_thread());
  }
}

TEST_CASE("home: whom it wakes is handled where that one is at home, and so the other way") {
  stage s;
  auto near = spawn_walker(s.at_home("near"));
  auto far = spawn_walker(s.away("far"));
  auto near_to_near = spawn_walker(s.at_home("a"), near);
  auto near_to_far = spawn_walker(s.at_home("b"), far);
  auto far_to_near = spawn_walker(s.away("c"), near);
  for (int i = 0; i < 100; ++i) {
    CHECK(s.where<pass_on>(near_to_near) == this_thread());
    CHECK(s.where<pass_on>(near_to_far) != this_thread());
    CHECK(s.where<pass_on>(far_to_near) == this_thread());
  }
}

TEST_CASE("home: what lives below one at home is not, unless it says so") {
  stage s;
  CHECK(s.at_home("near").child("below").home == nullptr);
  CHECK(s.at_home("near").with_mailbox(10).home == s.here);
}

TEST_CASE("home: what comes together wakes the thread once") {
  stage s;
  auto one = spawn_walker(s.at_home("one"));
  auto other = spawn_walker(s.at_home("other"));
  s.here->run(); // they have begun
  s.woken = 0;
  std::vector<std::future<std::thread::id>> handled;
  for (int i = 0; i < 10; ++i)
    for (const auto& who : {one, other}) {
      auto to = std::make_shared<std::promise<std::thread::id>>();
      handled.push_back(to->get_future());
      tell(who, tell_thread{to});
    }
  CHECK(s.woken == 1);
  s.here->run();
  for (auto& h : handled)
    CHECK(h.wait_for(std::chrono::seconds{0}) == std::future_status::ready);
  CHECK(s.where<tell_thread>(one) == this_thread());
  CHECK(s.woken == 2);
}

TEST_CASE("home: an actor that never stops leaves the thread its turn") {
  stage s;
  auto busy = spawn_walker(s.at_home("busy"));
  auto to = std::make_shared<std::promise<std::thread::id>>();
  auto handled = to->get_future();
  tell(busy, count_down{100'000, to});
  int turns = 0;
  for (; handled.wait_for(std::chrono::seconds{0}) != std::future_status::ready; ++turns) {
    auto before = s.woken.load();
    s.here->run();
    auto over = handled.wait_for(std::chrono::seconds{0}) == std::future_status::ready;
    CHECK((over || s.woken > before)); // it asks to be called again
  }
  CHECK(turns > 10);
}

TEST_CASE("home: once it is closed, what waited and what comes goes to the workers") {
  stage s;
  auto near = spawn_walker(s.at_home("near"));
  auto early = std::make_shared<std::promise<std::thread::id>>();
  tell(near, tell_thread{early});
  s.here->close();
  CHECK(early->get_future().get() != this_thread());
  auto late = std::make_shared<std::promise<std::thread::id>>();
  tell(near, tell_thread{late});
  CHECK(late->get_future().get() != this_thread());
  CHECK(spawn_walker(s.at_home("later")) != nullptr);
}
