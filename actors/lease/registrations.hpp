// The node controllers, for the generic reconciler.
#pragma once

#include "actors/controllers/shell/registration.hpp"
#include "actors/lease/health.hpp"

namespace troupe::lease {

/// Looks after every node's health: conditions, taints, readiness of its pods. Key: the node.
control::registration node_health_controller(health_settings limits);
/// Evicts pods from nodes with NoExecute taints. Key: the pod.
control::registration taint_eviction_controller();

} // namespace troupe::lease
