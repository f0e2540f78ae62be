// nodeSelector and node affinity: which nodes a pod asks for, and which it would like.
#pragma once

#include "actors/scheduler/framework/context.hpp"

namespace troupe::scheduler {

struct node_affinity {
  static bool holds(const picture& p, const node_term& t, node_id n);
  /// The required part, whatever the pods that are there.
  static bool wanted(const picture& p, const shape& s, node_id n);
  static verdict filter(const context& c, node_id n);
  static std::int32_t score(const context& c, node_id n); // 0 to 100
};

} // namespace troupe::scheduler
