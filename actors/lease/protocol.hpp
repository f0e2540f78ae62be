// How masters tell each other which nodes they have lost sight of.
#pragma once

#include "actors/kernel/links.hpp"
#include "actors/kernel/protocol.hpp"

#include <string>
#include <vector>

namespace troupe::lease {

/// All nodes that one master has lost sight of, told whenever that changes and now and then.
struct lost_sight {
  std::string master;
  std::vector<std::string> nodes;
};
template <class F> auto inspect(F& f, lost_sight& m) {
  return f(caf::meta::type_name("lease.lost_sight"), m.master, m.nodes);
}
struct look_round {
  using local_only = void;
};

using watcher_actor = caf::typed_actor< //
  proto::tell<kernel::link_up>,         // of this process's links
  proto::tell<kernel::link_down>,       //
  proto::tell<lost_sight>,              // another master's vote
  proto::tell<look_round>>;

/// Masters may send `lost_sight` here.
inline constexpr const char* watcher_portal = "lease-watcher";

} // namespace troupe::lease
