// What probes do on the network, blocking and with a deadline.
#pragma once

#include "actors/kubelet/host.hpp"

namespace troupe::kubelet {

result<void> check_network(const net_check& what);

} // namespace troupe::kubelet
