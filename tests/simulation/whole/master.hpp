// All of a master in the simulated world: the tree of actors/main/master_parts.hpp.
#pragma once

#include "actors/main/master_parts.hpp"
#include "tests/simulation/cluster.hpp"

namespace troupe::sim {

struct whole_life final : life {
  explicit whole_life(const kernel::process_ptr& p);
  program::master_wires wires;
  kernel::stable<courier_actor> courier;
  std::shared_ptr<program::leadership_note> leadership =
    std::make_shared<program::leadership_note>();
};

/// How long a node must be silent, and then its pods are evicted: short, so that a run sees it.
struct node_clocks {
  duration grace = 40s;
  duration toleration = 300s;
};

std::unique_ptr<master_program> whole_program(node_clocks clocks);

} // namespace troupe::sim
