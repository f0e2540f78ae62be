// What the endpoint controllers read of a Service.
#pragma once

#include "config/api/object.hpp"

namespace troupe::views {

struct service_port {
  std::string name;
  std::string protocol = "TCP";
  std::int64_t port = 0;
  std::int64_t target = 0; // targetPort as a number; 0: by name
  std::string target_name; // targetPort as the name of a container port
  std::string app_protocol;
  std::int64_t node_port = 0; // nodePort; 0: none
  bool operator==(const service_port&) const = default;
};

struct service {
  api::metadata meta;
  std::string type = "ClusterIP";
  std::string cluster_ip; // "None": headless
  api::string_map selector;
  std::vector<service_port> ports;
  bool publish_not_ready = false;
  bool operator==(const service&) const = default;

  static result<service> from(const api::object& o);
  bool headless() const { return cluster_ip == "None"; }
};

} // namespace troupe::views
