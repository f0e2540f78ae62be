// Who knows which pods belong to this node: takes them on, gives each its worker, and sees to it
// that nothing else runs.
#pragma once

#include "actors/kernel/supervisor.hpp"
#include "actors/kubelet/node/status.hpp"
#include "actors/kubelet/pod/worker.hpp"
#include "actors/kubelet/protocol.hpp"

#include <memory>

namespace troupe::kubelet {

struct manager_settings {
  std::shared_ptr<const worker_settings> workers; // its `manager` is this actor's stable handle
  kernel::supervisor_actor pods;                  // under which the workers live
  client::informer_actor pod_informer;            // of this node's pods
  client::informer_actor service_informer;        // null: pods get no Service variables
  amounts allocatable;
  std::uint32_t max_pods = 110;
  std::map<std::string, std::string> labels;
};

/// First child of the workers' supervisor: tells the manager of each incarnation of it.
using sentinel_actor = caf::typed_actor<proto::tell<workers_lost>>;
sentinel_actor spawn_sentinel(const kernel::place& at, const manager_actor& of);

manager_actor spawn_manager(const kernel::place& at, manager_settings with);

} // namespace troupe::kubelet
