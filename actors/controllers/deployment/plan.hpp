// Rolls a Deployment's pods from one template to the next, through ReplicaSets.
#pragma once

#include "actors/controllers/action.hpp"
#include "actors/controllers/deployment/observed.hpp"

namespace troupe::deployment {

/// Never orders more pods than replicas plus surge: a ReplicaSet counts as large as it was asked to
/// be or as it still is, whichever is more, and nothing grows while one has not seen its orders.
[[nodiscard]] control::actions plan(const observed& o);

} // namespace troupe::deployment
