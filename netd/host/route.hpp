// IPv4 routes of this process's network namespace, by rtnetlink.
#pragma once

#include "config/base/result.hpp"

#include <string>
#include <vector>

namespace troupe::host {

struct route {
  std::string destination; // "10.244.2.0/24" or "default"
  std::string via;         // gateway address; empty: on the link
  std::string device;      // empty: by the gateway
  bool operator==(const route&) const = default;
};

/// Adds the route or replaces the one to the same destination. Routes made here carry the protocol
/// number of Troupe (`route_protocol`), so that `own_routes` finds them again.
result<void> replace_route(const route& r);

/// Removes the route to that destination; none there is no failure.
result<void> delete_route(const std::string& destination);

/// The routes that carry `route_protocol`.
result<std::vector<route>> own_routes();

inline constexpr int route_protocol = 84; // unassigned in rtnetlink's list

} // namespace troupe::host
