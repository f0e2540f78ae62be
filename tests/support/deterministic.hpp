// For tests of actors: one simulated process in a world of its own, in one thread, on virtual time.
//
//   TEST_CASE("lease monitor: a node that stays quiet has expired") {
//     deterministic world;
//     auto monitor = spawn_monitor(world.at("lease"), {.grace = 40s});
//     world.tell(monitor, renewed{"n1", world.now()});
//     world.advance(41s);
//     CHECK(world.ask<expired>(monitor, sweep{})->nodes == std::vector<std::string>{"n1"});
//   }
#pragma once

#include "actors/kernel/simulation.hpp"

#include <string>
#include <utility>

namespace troupe {

struct deterministic {
  explicit deterministic(std::uint64_t seed = 1)
      : world(seed), process(world.add({.who = {"test", kernel::role::master}})) {}

  /// Where to spawn the actor under test.
  kernel::place at(std::string path) const { return {.process = process, .path = std::move(path)}; }
  instant now() const { return process->now(); }

  template <class Handle, class M> void tell(const Handle& who, M&& message) {
    kernel::tell(who, std::forward<M>(message));
  }
  template <class A, class Handle, class Q>
  result<A> ask(const Handle& who, Q&& question, duration deadline = 10s) {
    return world.ask<A>(who, std::forward<Q>(question), deadline);
  }
  /// Handles all messages there are; the time stands.
  void settle() { world.settle(); }
  void advance(duration by) { world.advance(by); }

  /// A handle that notes what it is told: `auto [handle, heard] = world.listener<H, M>()`.
  template <class Handle, class M>
  std::pair<Handle, std::shared_ptr<std::vector<M>>>
  listener(const std::string& path = "listener") {
    auto heard = std::make_shared<std::vector<M>>();
    auto handle = kernel::spawn<Handle, kernel::stateless>(
      at(path), [heard](kernel::self_ptr<Handle, kernel::stateless>) {
        return typename Handle::behavior_type{[heard](const M& m) { heard->push_back(m); }};
      });
    return {handle, heard};
  }

  kernel::simulation world;
  kernel::process_ptr process;
};

} // namespace troupe
