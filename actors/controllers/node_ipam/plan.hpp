// Gives every node a subnet of the pods' range. (Kubernetes: node IPAM controller)
#pragma once

#include "actors/controllers/action.hpp"
#include "config/api/views/node.hpp"

#include <string>
#include <vector>

namespace troupe::node_ipam {

struct observed {
  std::vector<views::node> nodes;
  std::string cluster_cidr = "10.244.0.0/16"; // IPv4
  std::uint8_t node_mask = 24;
};

/// One patch for each node without a subnet, with the lowest ones that are free. A node for which
/// none is left gets an Event. All nodes are one key: two plans never choose the same subnet.
[[nodiscard]] control::actions plan(const observed& o);

} // namespace troupe::node_ipam
