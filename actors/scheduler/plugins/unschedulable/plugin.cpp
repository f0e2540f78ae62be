#include "actors/scheduler/plugins/unschedulable/plugin.hpp"

#include "actors/scheduler/plugins/taints/plugin.hpp"

namespace troupe::scheduler {

verdict unschedulable::filter(const context& c, node_id n) {
  if (c.picture.columns().unschedulable[n] == 0)
    return {};
  const auto* key = c.picture.names().find("node.kubernetes.io/unschedulable");
  compiled_taint cordon{
    .key = key == nullptr ? no_node : *key, .value = 0, .effect = effect::no_schedule};
  return taints::tolerated(c.shape, cordon) ? verdict{} : verdict{why::unschedulable};
}

} // namespace troupe::scheduler
