// Services and their endpoints as routes: what every proxy mode serves, whatever it is made of.
//
//   route_table table;
//   table.put_service(object); table.put_slice(object);     // as events come in
//   auto changed = table.take_changes();                    // only the Services that differ
#pragma once

#include "config/api/object.hpp"

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
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
using service_routes = std::shared_ptr<const std::vector<service_route>>; // of one Service

/// What a proxy must change: the routes of the Services named by "namespace/name".
struct route_changes {
  std::map<std::string, service_routes> services; // never null; empty: none any more
  bool whole = false;                             // Services that are not named have none
  bool empty() const { return services.empty() && !whole; }

  /// Puts `newer`, which came later, on top of these.
  void add(route_changes newer);
};

/// A way that UDP packets took and do not take any more. The kernel remembers where a flow goes, so
/// a sender that keeps its port would go on to the endpoint that went.
struct ended_way {
  std::string cluster_ip; // empty: by a node port, at any address of this node
  std::uint16_t port = 0;
  endpoint to;
  auto operator<=>(const ended_way&) const = default;
};
std::set<ended_way> ended_ways(const std::vector<service_route>& before,
                               const std::vector<service_route>& after);

/// All Services and EndpointSlices, each object parsed once, and the routes that follow from them.
///
/// Only cluster IPs have routes (headless and ExternalName have none). An endpoint counts when it
/// is ready; when none of a port is, those that serve while terminating do (KEP-1669).
class route_table {
public:
  /// An object that cannot be read counts as gone.
  void put_service(const api::object& o);
  void put_slice(const api::object& o);
  /// The key of an object: "namespace/name".
  void remove_service(const std::string& key);
  void remove_slice(const std::string& key);

  /// The keys there are, to find out what a whole new state no longer has.
  std::set<std::string> services() const;
  std::set<std::string> slices() const;

  /// The Services whose routes changed since the last call.
  route_changes take_changes();

  /// The routes of all Services, by name.
  std::vector<service_route> all() const;

private:
  struct port {
    std::string name;
    protocol over = protocol::tcp;
    std::uint16_t number = 0;
    std::uint16_t node_port = 0;
  };
  struct service {
    std::string cluster_ip;
    std::vector<port> ports;
  };
  struct slice {
    std::string of; // the Service's key
    std::vector<port> ports;
    std::vector<std::string> ready; // addresses
    std::vector<std::string> serving;
  };
  std::vector<service_route> routes_of(const std::string& key, const service& s) const;
  std::vector<endpoint> endpoints_of(const std::string& key, const port& p) const;

  std::map<std::string, service> services_;
  std::map<std::string, slice> slices_;
  std::map<std::string, std::set<std::string>> slices_of_; // Service -> its slices
  std::map<std::string, service_routes> routes_;           // as last taken; never empty ones
  std::set<std::string> touched_;                          // Services to look at again
};

std::string key_of(const api::object& o); // "namespace/name"

} // namespace troupe::netd
