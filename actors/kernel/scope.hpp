// The leader scope: children that live only while this process leads.
//
//   kernel::stable<kernel::scope_actor> scope{process};
//   {"leader", restart::always, kernel::leader_scope(controllers), scope.slot()}
//   ...
//   self->tell(scope, leading{term});   // by the storage actor, once the term's first entry is
//   applied self->tell(scope, following{});
//
// Stepping down withdraws the fence at once, for all actors of the scope and without waiting for
// any: no handler of theirs runs any more, and fence() of each is empty from then on. The next
// term's children are started only when the last of the old ones is confirmed down. The children's
// spawn functions get place.fence; actors spawned below them inherit it.
#pragma once

#include "actors/kernel/supervisor.hpp"

namespace troupe::kernel {

struct leading {
  term_id term{};
};
template <class F> auto inspect(F& f, leading& m) {
  return f(caf::meta::type_name("kernel.leading"), m.term);
}
struct following {};
template <class F> auto inspect(F& f, following&) { return f(); }

struct scope_retry { // the scope's own
  using local_only = void;
};

using scope_actor = caf::typed_actor< //
  proto::tell<leading>,               //
  proto::tell<following>,             //
  proto::ask<stop_tree, done>,        //
  proto::tell<scope_retry>>;

scope_actor spawn_leader_scope(const place& at, tree t);
/// As a child of a tree.
spawn_function leader_scope(tree t);

} // namespace troupe::kernel
