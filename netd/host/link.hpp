// Network interfaces of this process's network namespace, by rtnetlink.
#pragma once

#include "config/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace troupe::host {

/// All calls act in the caller's network namespace and fail with the kernel's reason.

/// Makes a bridge with an address ("10.99.0.1/24") and sets it up. Fails if the name is taken.
result<void> create_bridge(const std::string& name, const std::string& cidr);

/// Makes a pair: `name` here, attached to `bridge` and up; `peer` in the namespace of process
/// `pid`. The peer's hardware address depends on `name` alone: made again, it is known to its
/// neighbours, who would else send to the old one until they find out (5 to 8 s, RFC 4861's
/// states as Linux uses them for ARP).
result<void> create_veth(const std::string& name, const std::string& bridge,
                         const std::string& peer, pid_t pid);

/// Removes the interface (a veth's peer goes with it). No such interface is no failure.
result<void> delete_link(const std::string& name);

result<void> set_up(const std::string& name);
result<void> set_down(const std::string& name);

/// Adds an address such as "10.99.0.11/24"; one that is there already is no failure.
result<void> add_address(const std::string& name, const std::string& cidr);

bool link_exists(const std::string& name);

/// The IPv4 addresses of an interface, with their prefix length ("10.99.0.11/24").
result<std::vector<std::string>> addresses(const std::string& name);

struct interface {
  std::string name;
  std::uint32_t mtu = 0; // bytes
};
/// The interface with this IPv4 address ("10.99.0.11"); not_found when none has it.
result<interface> interface_with(const std::string& address);

} // namespace troupe::host
