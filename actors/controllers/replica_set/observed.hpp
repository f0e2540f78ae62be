// What the ReplicaSet controller looks at. The same plan serves ReplicationControllers.
#pragma once

#include "config/api/views/pod.hpp"
#include "config/api/views/workload.hpp"

namespace troupe::replica_set {

enum class flavour : std::uint8_t { replica_set, replication_controller };

struct observed {
  instant now{};
  std::uint64_t seed = 0; // of the names of new pods
  flavour as = flavour::replica_set;
  views::replica_set set;
  std::vector<views::pod> pods;     // of its namespace: selected by it or controlled by it
  std::optional<failure> trouble{}; // why the last creation or deletion failed
};

} // namespace troupe::replica_set
