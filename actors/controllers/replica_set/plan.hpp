// Keeps as many pods of a template as were asked for.
#pragma once

#include "actors/controllers/action.hpp"
#include "actors/controllers/replica_set/observed.hpp"

namespace troupe::replica_set {

/// At most this many pods are created or deleted by one plan. (Kubernetes: burstReplicas)
inline constexpr std::int64_t burst = 500;

/// Expects to count right: no pod that it created may be missing from `observed`. (expectations)
[[nodiscard]] control::actions plan(const observed& o);

/// In the order in which they are given up: what serves least, first.
[[nodiscard]] std::vector<const views::pod*> by_worth(const std::vector<const views::pod*>& pods);

} // namespace troupe::replica_set
