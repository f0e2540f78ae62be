// ClusterRoles that are made of others: their rules are those of every ClusterRole that their
// aggregationRule selects.
#pragma once

#include "actors/controllers/action.hpp"

#include <vector>

namespace troupe::role_aggregation {

struct observed {
  api::object_ptr role;             // null: gone
  std::vector<api::object_ptr> all; // every ClusterRole
};

/// Whether a ClusterRole is made of others.
bool is_aggregate(const api::object& role);

[[nodiscard]] control::actions plan(const observed& o);

} // namespace troupe::role_aggregation
