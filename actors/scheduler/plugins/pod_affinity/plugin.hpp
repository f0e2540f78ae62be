// Beside whom a pod must, must not, and would like to be; and who bears it beside them.
#pragma once

#include "actors/scheduler/framework/context.hpp"

namespace troupe::scheduler {

struct pod_affinity {
  static verdict filter(const context& c, node_id n);
  static std::int32_t score(const context& c, node_id n); // 0 to 100; 50: no preference
};

} // namespace troupe::scheduler
