// What a pod requests must be left on the node; of those that have it, the emptier and the more
// evenly filled ones are better.
#pragma once

#include "actors/scheduler/framework/context.hpp"

namespace troupe::scheduler {

struct resources {
  /// The first resource that is lacking.
  static verdict filter(const context& c, node_id n);
  /// All that are lacking.
  static std::vector<verdict> lacking(const context& c, node_id n);
  static std::int32_t least_allocated(const context& c, node_id n); // 0 to 100
  static std::int32_t balanced(const context& c, node_id n);        // 0 to 100
};

} // namespace troupe::scheduler
