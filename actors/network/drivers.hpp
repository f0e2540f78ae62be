// The network drivers that a node's settings ask for.
#pragma once

#include "actors/network/network.hpp"
#include "config/settings/node.hpp"

namespace troupe::network {

/// Where the container runtime must look for its network configuration.
std::string cni_folder(const settings::node& of);

netd::podnet_options podnet_options_of(const settings::node& of);

/// None for simulated pods. `invalid` for a proxyMode or podNetwork that is not built: there are
/// nftables and none; vxlan and host-gw (both without encapsulation: podnet/plan.hpp) and none.
result<drivers> make_drivers(const settings::node& of);

} // namespace troupe::network
