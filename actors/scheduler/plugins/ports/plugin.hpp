// Two pods cannot have the same port of one node.
#pragma once

#include "actors/scheduler/framework/context.hpp"

namespace troupe::scheduler {

struct ports {
  static verdict filter(const context& c, node_id n) {
    for (const auto& wanted : c.shape.ports)
      for (const auto& used : c.picture.rest(n).ports)
        if (wanted.clashes(used))
          return {why::ports};
    return {};
  }
};

} // namespace troupe::scheduler
