// Taints keep pods away that do not tolerate them; PreferNoSchedule only makes a node less liked.
#pragma once

#include "actors/scheduler/framework/context.hpp"

namespace troupe::scheduler {

struct taints {
  static bool tolerated(const shape& s, const compiled_taint& t);
  static verdict filter(const context& c, node_id n);
  static std::int32_t score(const context& c, node_id n); // 0 to 100
};

} // namespace troupe::scheduler
