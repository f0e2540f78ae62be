// Where things lie in the store. One function each way.
//
//   /registry/core/pods/default/web        /registry/apps/deployments/default/web
//   /registry/core/nodes/n1                /allocations/clusterips/10.96.0.10
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::pipeline {

struct object_key {
  std::string group; // "" for core
  std::string plural;
  std::string ns; // empty: cluster-scoped
  std::string name;
  bool operator==(const object_key&) const = default;
};

std::string key_of(const object_key& k);
/// Nothing for a key that is not an object's.
std::optional<object_key> parse_key(std::string_view key);

/// The prefix of all objects of a kind, or of those in one namespace; ends with '/'.
std::string prefix_of(std::string_view group, std::string_view plural, std::string_view ns = {});

std::string cluster_ip_key(std::string_view address);
std::string node_port_key(std::uint16_t port);

} // namespace troupe::pipeline
