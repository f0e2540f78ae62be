// The few requests a kubelet makes, as values.
#pragma once

#include "config/api/request.hpp"

#include <string>

namespace troupe::kubelet {

/// The user of this node's kubelet: system:node:NAME in system:nodes.
api::user node_user(const std::string& node);

struct about {
  std::string group; // "" for core
  std::string resource;
  std::string ns;
  std::string name;
  std::string version = "v1";
};

api::request get_request(const api::user& who, const about& what);
api::request create_request(const api::user& who, const about& what, std::string body);
/// A JSON merge patch.
api::request patch_request(const api::user& who, const about& what, std::string subresource,
                           std::string body);
/// With grace 0 and the uid as precondition: the object goes now, if it is still that one.
api::request remove_pod_request(const api::user& who, const std::string& ns,
                                const std::string& name, const std::string& uid);

/// The response's failure, by its code and Status body; nothing when it succeeded.
std::optional<failure> failure_in(const api::response& answer);

} // namespace troupe::kubelet
