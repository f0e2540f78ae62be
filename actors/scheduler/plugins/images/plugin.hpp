// Nodes that already have the pod's images start it sooner.
#pragma once

#include "actors/scheduler/framework/context.hpp"

namespace troupe::scheduler {

struct images {
  static std::int32_t score(const context& c, node_id n); // 0 to 100
};

} // namespace troupe::scheduler
