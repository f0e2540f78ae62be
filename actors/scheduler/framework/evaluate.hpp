// The plugins in their order: one node for one shape.
#pragma once

#include "actors/scheduler/framework/context.hpp"

namespace troupe::scheduler {

inline constexpr std::int32_t most_score = 1200; // the sum of all weights times 100

/// The first reason against the node, in Kubernetes' order of filters.
verdict filter(const context& c, node_id n);
/// 0 to most_score; only of nodes that pass the filters.
std::int32_t score(const context& c, node_id n);
/// All reasons against the node as Kubernetes tells them: one, or every resource that is lacking.
std::vector<verdict> reasons(const context& c, node_id n);

} // namespace troupe::scheduler
