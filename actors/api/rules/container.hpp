// What a container must be like within its pod.
#pragma once

#include "actors/api/rules/checks.hpp"

#include <set>
#include <string>

namespace troupe::rules {

/// What the containers of a pod must agree on; grows from one to the next.
struct container_context {
  enum class role : std::uint8_t { app, init, ephemeral };
  role how = role::app;
  const std::set<std::string>& volumes;
  bool host_network = false;
  std::set<std::string> names;
  std::set<std::string> host_ports;
};

void check_container(const json& container, container_context& c, const field_path& at,
                     field_errors& out);

} // namespace troupe::rules
