// Cordoned nodes take no new pods, unless the pod tolerates exactly that.
#pragma once

#include "actors/scheduler/framework/context.hpp"

namespace troupe::scheduler {

struct unschedulable {
  static verdict filter(const context& c, node_id n);
};

} // namespace troupe::scheduler
