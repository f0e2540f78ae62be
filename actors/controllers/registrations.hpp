// All controllers that the generic reconciler runs. Each is a value made anew for every incarnation
// of its actor: what it remembers between plans goes with it.
#pragma once

#include "actors/controllers/shell/registration.hpp"
#include "config/base/board.hpp"

#include <memory>
#include <set>
#include <string>

namespace troupe::schema {
class catalog;
}

namespace troupe::control {

/// Which nodes are suspect, shared by the one who finds out and the endpoint controllers.
struct suspects_note {
  std::set<std::string> nodes;
  bool suspended = false;
  std::set<std::string> seen{}; // nodes that this master has a link to
  bool operator==(const suspects_note&) const = default;
};
using suspects_board = board<suspects_note>;
using suspects_ptr = std::shared_ptr<suspects_board>;

registration replica_set_controller();
registration replication_controller();
registration deployment_controller();
/// Gives aggregated ClusterRoles the rules of those that they select.
registration role_aggregation_controller();
registration endpoint_slice_controller(suspects_ptr suspects);
registration endpoints_controller(suspects_ptr suspects);
/// `ca`: PEM of the cluster's CA.
registration defaults_controller(std::string ca);
registration pod_gc_controller(std::int64_t threshold);
/// Gives nodes their pod subnets.
registration node_ipam_controller(std::string cluster_cidr, std::uint8_t node_mask);
/// `watched`: the resources that have informers; others are owners and dependents of nobody.
registration collector_controller(const schema::catalog& catalog, std::vector<resource> watched);

/// What the collector watches: every resource that can be listed, watched and deleted, in its
/// preferred version, but for Events.
std::vector<resource> collectable(const schema::catalog& catalog);

} // namespace troupe::control
