#include "actors/scheduler/framework/evaluate.hpp"

#include "actors/scheduler/plugins/images/plugin.hpp"
#include "actors/scheduler/plugins/node_affinity/plugin.hpp"
#include "actors/scheduler/plugins/pod_affinity/plugin.hpp"
#include "actors/scheduler/plugins/ports/plugin.hpp"
#include "actors/scheduler/plugins/resources/plugin.hpp"
#include "actors/scheduler/plugins/spread/plugin.hpp"
#include "actors/scheduler/plugins/taints/plugin.hpp"
#include "actors/scheduler/plugins/unschedulable/plugin.hpp"

namespace troupe::scheduler {

verdict filter(const context& c, node_id n) {
  if (auto v = unschedulable::filter(c, n); !v)
    return v;
  if (auto v = taints::filter(c, n); !v)
    return v;
  if (auto v = node_affinity::filter(c, n); !v)
    return v;
  if (auto v = ports::filter(c, n); !v)
    return v;
  if (auto v = resources::filter(c, n); !v)
    return v;
  if (auto v = spread::filter(c, n); !v)
    return v;
  return pod_affinity::filter(c, n);
}

std::int32_t score(const context& c, node_id n) {
  return resources::least_allocated(c, n) + resources::balanced(c, n) + images::score(c, n)
         + 2 * (spread::score(c, n) + node_affinity::score(c, n) + pod_affinity::score(c, n))
         + 3 * taints::score(c, n);
}

std::vector<verdict> reasons(const context& c, node_id n) {
  auto first = filter(c, n);
  switch (first.what) {
  case why::fits: return {};
  case why::too_many_pods:
  case why::cpu:
  case why::memory:
  case why::storage:
  case why::extended: return resources::lacking(c, n);
  default: return {first};
  }
}

} // namespace troupe::scheduler
