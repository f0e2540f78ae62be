// Blocking work, on simulated and on real threads; and the real scheduler with two workers.
#include "actors/kernel/outside.hpp"
#include "actors/kernel/supervisor.hpp"
#include "tests/support/deterministic.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <future>
#include <thread>

using namespace troupe;
using namespace troupe::kernel;

namespace {

struct work {
  using local_only = void;
  std::uint32_t n = 0;
};
struct worked {
  using local_only = void;
  std::uint32_t n = 0;
};
using worker_actor = caf::typed_actor<proto::ask<work, worked>>;

worker_actor spawn_worker(const place& at, blocking_pool& pool, duration deadline = 5s) {
  return spawn<worker_actor, stateless>(
    at, [&pool, deadline](self_ptr<worker_actor, stateless> self) -> worker_actor::behavior_type {
      return {[self, &pool, deadline](const work& m) -> reply<worked> {
        auto later = self->promise<worked>();
        run(
          *self, pool,
          [n = m.n]() -> result<std::uint32_t> {
            if (n == 13)
              return failure{.reason = reason::conflict, .message = "thirteen"};
            if (n == 14)
              throw std::runtime_error("fourteen");
            return n * 2;
          },
          deadline)
          .then([later](result<std::uint32_t> r) mutable {
            later.answer(r ? result<worked>{worked{*r}} : result<worked>{r.error()});
          });
        return later;
      }};
    });
}

std::size_t threads_of_this_process() {
  std::size_t n = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    (void)task;
    ++n;
  }
  return n;
}

// A pair that plays back and forth, on the real scheduler.
struct ball {
  using local_only = void;
  std::uint32_t left = 0;
};
using player_actor = caf::typed_actor<proto::tell<ball>>;

struct court {
  std::atomic<std::uint32_t> finished{0};
  std::promise<void> all;
};

player_actor spawn_player(const place& at, std::shared_ptr<court> on) {
  return spawn<player_actor, stateless>(
    at, [on](self_ptr<player_actor, stateless> self) -> player_actor::behavior_type {
      return {[self, on](const ball& m) {
        if (m.left > 0)
          self->after(0s, ball{m.left - 1});
        else if (++on->finished == 20)
          on->all.set_value();
      }};
    });
}

} // namespace

TEST_CASE("pool: jobs take virtual time and come back as answers") {
  deterministic world;
  auto pool = world.world.make_pool(world.process, 1, 8, {.least = 10ms, .most = 10ms});
  auto worker = spawn_worker(world.at("worker"), *pool);
  auto before = world.now();
  CHECK(world.ask<worked>(worker, work{21})->n == 42);
  CHECK(world.now() - before == 10ms);
  CHECK(world.ask<worked>(worker, work{13}).error().reason == reason::conflict);
  CHECK(world.ask<worked>(worker, work{14}).error().message == "fourteen");
}

TEST_CASE("pool: a full queue answers too_many_requests, a slow job timeout") {
  deterministic world;
  auto slow = world.world.make_pool(world.process, 1, 1, {.least = 1min, .most = 1min});
  auto worker = spawn_worker(world.at("worker"), *slow);
  auto impatient = world.ask<worked>(worker, work{1}, 1min);
  CHECK(impatient.error().reason == reason::timeout);
  (void)world.ask<worked>(worker, work{2}, 1s); // waits
  CHECK(world.ask<worked>(worker, work{3}, 1s).error().reason == reason::too_many_requests);
}

TEST_CASE("pool: what had not begun to be done when the process was cut off never is") {
  deterministic world;
  auto pool = world.world.make_pool(world.process, 1, 8, {.least = 10ms, .most = 10ms});
  bool ran = false;
  REQUIRE(pool->post([&] { ran = true; }));
  world.advance(5ms);
  world.world.crash(world.process);
  world.advance(1s);
  CHECK_FALSE(ran);
}

TEST_CASE("simulation: everything happens in one thread") {
  auto before = threads_of_this_process();
  deterministic world;
  auto pool = world.world.make_pool(world.process, 4);
  auto worker = spawn_worker(world.at("worker"), *pool);
  REQUIRE(world.ask<worked>(worker, work{1}));
  CHECK(threads_of_this_process() == before);
}

TEST_CASE("simulation: clocks are skewed per process, timers are not") {
  simulation world{1};
  auto a = world.add({.who = {"a", role::master}});
  auto b = world.add({.who = {"b", role::master}}, 3s);
  CHECK(b->now() - a->now() == 3s);
  world.advance(1h);
  CHECK(b->now() - a->now() == 3s);
  world.skew(b, -1s);
  CHECK(a->now() - b->now() == 1s);
}

TEST_CASE("simulation: a crashed process's actors end without a word") {
  deterministic world;
  auto pool = world.world.make_pool(world.process);
  auto worker = spawn_worker(world.at("worker"), *pool);
  REQUIRE(world.ask<worked>(worker, work{1}));
  world.world.crash(world.process);
  world.settle();
  CHECK(world.process->actors().empty());
  CHECK(world.ask<worked>(worker, work{1}, 1s).error().reason != reason::internal);
}

TEST_CASE("real scheduler: two workers, real threads, twenty actors play to the end") {
  caf::actor_system_config config;
  configure(config, 2);
  caf::actor_system system{config};
  auto process = process::make(system, {.who = {"real", role::master}}, make_system_clock());
  auto on = std::make_shared<court>();
  auto done = on->all.get_future();
  for (int i = 0; i < 20; ++i)
    tell(spawn_player({.process = process, .path = "player-" + std::to_string(i)}, on), ball{50});
  REQUIRE(done.wait_for(std::chrono::seconds{30}) == std::future_status::ready);
  auto events = process->tracer().snapshot({.path = "player-7"});
  REQUIRE(events.size() == 51);
  for (std::size_t i = 1; i < events.size(); ++i)
    CHECK(events[i].causes == std::vector{events[i - 1].id}); // the timers kept the cause
  process->crash();
}

TEST_CASE("real pool: keeps the order with one thread, refuses beyond its queue, drops the rest") {
  auto pool = make_blocking_pool("test", 1, 2);
  std::promise<void> begun;
  std::promise<void> go;
  std::vector<int> order;
  REQUIRE(pool->post([&] {
    begun.set_value();
    go.get_future().wait();
    order.push_back(1);
  }));
  begun.get_future().wait();
  CHECK(pool->post([&] { order.push_back(2); }));
  CHECK(pool->post([&] { order.push_back(3); }));
  CHECK_FALSE(pool->post([&] { order.push_back(4); }));
  std::promise<void> last;
  go.set_value();
  while (!pool->post([&] { last.set_value(); }))
    std::this_thread::yield();
  last.get_future().wait();
  CHECK(order == std::vector<int>{1, 2, 3});
}

TEST_CASE("real scheduler: a tree under kills answers every ask and stops in order") {
  caf::actor_system_config config;
  configure(config, 2);
  caf::actor_system system{config};
  auto process = process::make(system, {.who = {"real", role::master}}, make_system_clock());
  auto pool = make_blocking_pool("test", 2);
  std::vector<stable<worker_actor>> workers(3, stable<worker_actor>{process});
  tree t{.tolerance = {.deaths = 1'000'000}, .backoff = {.first = 1ms, .most = 1ms}};
  for (std::size_t i = 0; i < workers.size(); ++i) {
    workers[i] = stable<worker_actor>{process};
    t.children.push_back({"w" + std::to_string(i), restart::always,
                          [&pool](const place& at) { return spawn_worker(at, *pool); },
                          workers[i].slot()});
  }
  auto root = spawn_supervisor({.process = process}, t);
  random_source random{7};
  std::map<reason, int> failures;
  int answers = 0;
  for (int i = 0; i < 600; ++i) {
    auto at = random.below(workers.size());
    if (random.chance(1, 3))
      (void)process->kill("w" + std::to_string(at));
    auto r = ask_and_wait(process, workers[at].handle(), work{1}, 20s);
    if (r)
      ++answers;
    else
      ++failures[r.error().reason];
  }
  CHECK(answers > 200);                  // a third was killed just before it was asked
  CHECK(failures[reason::timeout] == 0); // each of the others was answered unavailable
  CHECK(failures[reason::internal] == 0);
  CHECK(ask_and_wait(process, root, stop_tree{}, 10s));
  CHECK(process->actors().size() <= 1); // the root may still be ending
  process->crash();
}
