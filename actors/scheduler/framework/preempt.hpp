// Makes room for a more important pod: which pods of lower priority to evict, and from which node.
#pragma once

#include "actors/scheduler/framework/evaluate.hpp"

namespace troupe::scheduler {

struct preemption {
  node_id node = no_node;
  std::vector<pod_id> victims; // the most important first
};

/// Tries nodes by displacing pods in `p` and putting them back: `p` is the same afterwards. The
/// node whose victims matter least wins: lowest highest priority, then lowest sum, then fewest.
/// Looks at no more than `most` nodes that could help. PodDisruptionBudgets are not looked at.
std::optional<preemption> find_preemption(picture& p, pod_id who, const eligibility& e,
                                          std::size_t most = 100);

} // namespace troupe::scheduler
