// What the Deployment controller looks at.
#pragma once

#include "config/api/views/workload.hpp"

namespace troupe::deployment {

struct observed {
  instant now{};
  views::deployment deployment;
  std::vector<views::replica_set> sets; // of its namespace: selected by it or controlled by it
  /// By uid of a ReplicaSet: its pods that have not ended, terminating ones too.
  std::map<std::string, std::int64_t> running_pods{};
  std::optional<failure> trouble{}; // why the last write failed
};

} // namespace troupe::deployment
