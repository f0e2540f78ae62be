// Services and their endpoints as routes: what every proxy mode serves, whatever it is made of.
#pragma once

#include "config/api/object.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace troupe::netd {

enum class protocol : std::uint8_t { tcp, udp, sctp };
std::string_view text(protocol p); // "tcp"

struct endpoint {
  std::string ip;
  std::uint16_t port = 0;
  auto operator<=>(const endpoint&) const = default;
};

/// One port of one Service that answers at an address of its own.
struct service_route {
  std::string name;       // "default/web:http", for people
  std::string cluster_ip; // IPv4
  protocol over = protocol::tcp;
  std::uint16_t port = 0;
  std::uint16_t node_port = 0;     // 0: none
  std::vector<endpoint> endpoints; // ready ones, sorted, each once; empty: connections are refused
  bool operator==(const service_route&) const = default;
};

/// The routes of all Services, by name: cluster IPs only (headless and ExternalName have none).
/// `slices` are the EndpointSlices; those of unknown Services are passed over. An endpoint counts
/// when it is ready; when none is, those that serve while terminating do (KEP-1669).
/// Objects that cannot be read are left out.
std::vector<service_route> routes_of(const std::vector<api::object_ptr>& services,
                                     const std::vector<api::object_ptr>& slices);

} // namespace troupe::netd
