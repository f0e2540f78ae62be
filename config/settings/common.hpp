// What the settings of masters and nodes have in common.
#pragma once

#include "config/base/clock.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::settings {

/// Address spaces of the cluster. Masters and nodes must agree on them.
struct networks {
  std::string pod_cidr = "10.244.0.0/16";    // clusterCIDR
  std::uint8_t node_mask = 24;               // nodeCIDRMaskSize
  std::string service_cidr = "10.96.0.0/12"; // serviceClusterIPRange
  std::uint16_t node_port_first = 30000;     // serviceNodePortRange
  std::uint16_t node_port_last = 32767;
  std::string dns_domain = "cluster.local"; // clusterDomain
  std::string dns_address = "10.96.0.10";   // clusterDNS
  bool operator==(const networks&) const = default;
};

/// Of the Service `kubernetes`: 10.96.0.1. Empty when the range is no network.
std::string first_service_address(const networks& net);

/// The actor links between processes.
struct links {
  duration heartbeat = 200ms; // linkHeartbeatInterval
  duration dead_after = 1s;   // linkDeadAfter: no sign of life for so long
  bool operator==(const links&) const = default;
};

/// "HOST:PORT" of a master, with its name.
struct peer {
  std::string name;
  std::string address;
  bool operator==(const peer&) const = default;
};

} // namespace troupe::settings
