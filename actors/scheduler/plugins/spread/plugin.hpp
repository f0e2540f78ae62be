// Spreads pods over domains: by topologySpreadConstraints and, softly, the pods of one controller
// over nodes.
#pragma once

#include "actors/scheduler/framework/context.hpp"

namespace troupe::scheduler {

struct spread {
  static verdict filter(const context& c, node_id n);
  static std::int32_t score(const context& c, node_id n); // 0 to 100
};

} // namespace troupe::scheduler
