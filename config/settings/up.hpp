// Settings of `troupe up`: how many of what, and what each of them is started with.
#pragma once

#include "config/settings/master.hpp"
#include "config/settings/node.hpp"

namespace troupe::settings {

/// A key of a master or node may stand here too: "nodeMonitorPeriod" goes to whoever knows it,
/// "master.KEY" and "node.KEY" to one kind only.
struct up {
  std::string cluster = "troupe"; // clusterName
  std::string data_dir;           // dataDir; empty: ~/.troupe
  std::uint32_t masters = 3;      // masters: 1, 3 or 5
  std::uint32_t nodes = 2;        // nodes
  std::vector<std::string> addons = {"dns",
                                     "metrics"}; // addons: dns, ingress, dashboard, metrics, policy
  std::uint16_t api_port = 0;  // apiPort of the balancers on 127.0.0.1; 0: any free one
  std::uint32_t balancers = 2; // balancers: processes on that one port
  duration ready_within = 60s; // readyTimeout of --detach
  bool namespaces = true;      // useNamespaces: each process in its own, if root
  std::string fabric_cidr = "10.222.0.0/16"; // fabricCIDR: addresses of masters and nodes

  settings::master master; // template of every master
  settings::node node;     // template of every node

  bool operator==(const up&) const = default;
};

} // namespace troupe::settings
