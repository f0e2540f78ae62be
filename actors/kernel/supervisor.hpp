// The supervision tree as data, and the actor that keeps it.
//
//   const kernel::tree server{
//     .children = {
//       {"raft", restart::never, spawn_raft, raft.slot()},       // its death ends the process
//       {"watch-hub", restart::always, spawn_watch_hub, hub.slot()},
//       {"controllers", restart::always, kernel::subtree(controllers)},
//     },
//     .strategy = strategy::one_for_one,
//     .tolerance = {.deaths = 5, .within = 30s},
//   };
//   auto root = kernel::spawn_supervisor({.process = process}, server);
//   ...
//   self->ask(root, kernel::stop_tree{}, 10s)    // last to first, each within its deadline
#pragma once

#include "actors/kernel/actor.hpp"
#include "actors/kernel/stable.hpp"
#include "actors/kernel/supervision.hpp"

#include <functional>
#include <string>
#include <vector>

namespace troupe::kernel {

/// Any typed handle, as what a spawn function returns.
class spawned {
public:
  template <class... Signatures>
  spawned(const caf::typed_actor<Signatures...>& a)
      : address(caf::actor_cast<caf::strong_actor_ptr>(a)) {}
  caf::strong_actor_ptr address;
};
/// May throw or return a null handle: both count as a death of the child.
using spawn_function = std::function<spawned(const place& at)>;

struct child {
  std::string name; // one path element, unique among its siblings
  kernel::restart restart = restart::always;
  spawn_function spawn;
  stable_slot slot{};        // bound to each incarnation; default: nobody needs a handle
  duration stop_within = 2s; // of an ordered stop; then it is killed
};

struct tree {
  std::vector<child> children; // spawned in this order, stopped in the reverse
  kernel::strategy strategy = strategy::one_for_one;
  kernel::tolerance tolerance{};
  kernel::backoff backoff{};
};

/// Ends all children from last to first, answers, and ends.
struct stop_tree {};
template <class F> auto inspect(F& f, stop_tree&) { return f(); }
/// Starts one more child, after all others. Ignored when the name is taken or the tree is stopping.
struct add_child {
  using local_only = void;
  kernel::child child;
};
/// Stops a child for good and forgets it. Its slot is closed.
struct remove_child {
  using local_only = void;
  std::string name;
};
struct supervision_timer { // the supervisor's own
  using local_only = void;
  std::string overdue;           // child; empty: restarts are due
  std::uint32_t incarnation = 0; // of that child
};

using supervisor_actor = caf::typed_actor< //
  proto::ask<stop_tree, done>,             //
  proto::tell<add_child>,                  //
  proto::tell<remove_child>,               //
  proto::tell<supervision_timer>>;

/// Nobody watches over this one: when it gives up or is killed, that is process::fatal.
supervisor_actor spawn_supervisor(const place& at, tree t);

/// One that its spawner watches over: when it gives up it dies with a failure.
supervisor_actor spawn_subtree(const place& at, tree t);

/// A child that is a tree.
spawn_function subtree(tree t);

} // namespace troupe::kernel
