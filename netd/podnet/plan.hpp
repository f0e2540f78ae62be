// The pod network as values: each node's subnet, the CNI configuration, the routes between nodes.
//
// Pods of a node share a bridge; packets to another node's pods are routed to its address (host-gw,
// no encapsulation), so all nodes must be neighbours on one link. `podNetwork: vxlan` is served the
// same way until nodes on several links are supported.
#pragma once

#include "config/api/object.hpp"
#include "netd/host/route.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace troupe::netd {

struct node_network {
  std::string address;  // InternalIP
  std::string pod_cidr; // "10.244.1.0/24"
  bool operator==(const node_network&) const = default;
};
/// Nothing while the Node has no address or no subnet yet, or one that is not IPv4.
std::optional<node_network> network_of(const api::object& node);

struct podnet_options {
  std::string node;         // this one's name
  std::string cluster_cidr; // subnets outside of it are passed over
  std::string cni_file;     // "DATA/cni/net.d/10-troupe.conflist": the runtime reads its folder
  std::string ipam_dir;     // where host-local keeps which address is whose
  std::string bridge = "cbr0";
};

/// What this node must have; of all nodes by name.
struct podnet_plan {
  std::optional<node_network> self; // nothing: this node's subnet is not known yet
  std::vector<host::route> routes;  // to the subnets of the others, by their names
  bool operator==(const podnet_plan&) const = default;
};
podnet_plan plan_pod_network(const podnet_options& o,
                             const std::map<std::string, node_network>& nodes);

/// The CNI configuration list (plugins bridge with host-local, portmap) for the pods of this node.
std::string cni_config(const podnet_options& o, const std::string& pod_cidr, std::uint32_t mtu);

struct route_difference {
  std::vector<host::route> set;  // new, or by another gateway now
  std::vector<std::string> gone; // destinations
  bool operator==(const route_difference&) const = default;
};
/// What turns `own` into `wanted`. Routes to destinations outside of the cluster's subnets are no
/// pod routes and stay.
route_difference differ(const podnet_options& o, const std::vector<host::route>& own,
                        const std::vector<host::route>& wanted);

} // namespace troupe::netd
