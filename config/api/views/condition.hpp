// A status condition as every kind has it.
#pragma once

#include "config/api/object.hpp"

namespace troupe::views {

struct condition {
  std::string type;
  std::string status; // True, False, Unknown
  std::string reason;
  std::string message;
  std::optional<instant> updated;      // lastUpdateTime (Deployment), lastHeartbeatTime (Node)
  std::optional<instant> transitioned; // lastTransitionTime
  bool operator==(const condition&) const = default;
};

/// Null when there is none of that type.
const condition* find(const std::vector<condition>& all, std::string_view type);

} // namespace troupe::views
