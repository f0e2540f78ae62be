// Taint eviction: pods leave a node whose NoExecute taints they do not tolerate, or not any longer.
#pragma once

#include "actors/controllers/action.hpp"
#include "config/api/views/node.hpp"
#include "config/api/views/pod.hpp"

namespace troupe::lease {

struct eviction_observed {
  instant now{};
  std::vector<views::taint> taints; // of the node, NoExecute only
  views::pod pod;                   // bound to it
  instant since{};                  // when the taints were first seen
};

/// When the pod has to go: at once, later, or (nullopt) never.
std::optional<instant> leaves_at(const eviction_observed& o);

[[nodiscard]] control::actions plan_eviction(const eviction_observed& o);

} // namespace troupe::lease
