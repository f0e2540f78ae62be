// What may be said to the scheduler. It decides (warm on every master); the binder, in the leader
// scope, takes its decisions and performs them under the scope's fence.
#pragma once

#include "actors/client/informer.hpp"
#include "actors/kernel/protocol.hpp"
#include "actors/scheduler/core.hpp"

namespace troupe::scheduler {

/// A new binder: what was assumed for an earlier one and is not bound yet is open again.
struct begin {
  using local_only = void;
};
/// Decide for up to `most` pods; waits for the first.
struct decide {
  using local_only = void;
  std::size_t most = 256;
};
struct decided {
  using local_only = void;
  std::vector<decision> all; // may be empty after a while
};
/// These could not be bound.
struct unbound {
  using local_only = void;
  std::vector<std::string> uids;
};
/// Why a pod fits nowhere, node by node. (troupe why)
struct why_not {
  std::string uid;
};
template <class F> auto inspect(F& f, why_not& m) {
  return f(caf::meta::type_name("scheduler.why_not"), m.uid);
}
struct node_reason {
  std::string node;
  std::vector<std::string> reasons;
};
template <class F> auto inspect(F& f, node_reason& m) { return f(m.node, m.reasons); }
struct reasons_by_node_answer {
  std::vector<node_reason> nodes;
};
template <class F> auto inspect(F& f, reasons_by_node_answer& m) {
  return f(caf::meta::type_name("scheduler.reasons"), m.nodes);
}
struct look {
  using local_only = void;
};

using scheduler_actor = caf::typed_actor<      //
  proto::tell<client::informed>,               // nodes, pods, namespaces
  proto::ask<begin, kernel::done>,             //
  proto::ask<decide, decided>,                 //
  proto::tell<unbound>,                        //
  proto::ask<why_not, reasons_by_node_answer>, //
  proto::tell<look>>;

struct proceed {
  using local_only = void;
};
using binder_actor = caf::typed_actor<proto::tell<proceed>>;

} // namespace troupe::scheduler
