// EndpointSlice and Endpoints: the addresses behind a Service.
#pragma once

#include "config/api/object.hpp"

namespace troupe::views {

struct endpoint_port {
  std::string name;
  std::string protocol = "TCP";
  std::int64_t port = 0;
  std::string app_protocol;
  auto operator<=>(const endpoint_port&) const = default;
};

struct target_ref {
  std::string kind;
  std::string ns;
  std::string name;
  std::string uid;
  auto operator<=>(const target_ref&) const = default;
};

struct endpoint {
  std::string address; // one IP
  bool ready = true;
  bool serving = true;
  bool terminating = false;
  std::string hostname;
  std::string node;
  target_ref target;
  auto operator<=>(const endpoint&) const = default;
};

struct endpoint_slice {
  api::metadata meta;
  std::string address_type = "IPv4";
  std::vector<endpoint_port> ports;
  std::vector<endpoint> endpoints;
  bool operator==(const endpoint_slice&) const = default;

  static result<endpoint_slice> from(const api::object& o);
};

/// The older form (v1 Endpoints): one object per Service.
struct endpoints {
  struct subset {
    std::vector<endpoint> ready;
    std::vector<endpoint> not_ready;
    std::vector<endpoint_port> ports;
    bool operator==(const subset&) const = default;
  };
  api::metadata meta;
  std::vector<subset> subsets;
  bool operator==(const endpoints&) const = default;

  static result<endpoints> from(const api::object& o);
};

} // namespace troupe::views
