// The actor of one pod: looks at the runtime, plans, performs the steps, tells the API.
#pragma once

#include "actors/kernel/place.hpp"
#include "actors/kernel/pool.hpp"
#include "actors/kubelet/engine/protocol.hpp"
#include "actors/kubelet/host.hpp"
#include "actors/kubelet/pod/make.hpp"
#include "actors/kubelet/protocol.hpp"

#include <memory>
#include <mutex>

namespace troupe::kubelet {

/// The Services of the cluster, as last seen: written by the manager, read when a container starts.
class service_board {
public:
  using list = std::shared_ptr<const std::vector<service>>;
  list read() const {
    std::lock_guard lock(mutex_);
    return list_;
  }
  void write(list now) {
    std::lock_guard lock(mutex_);
    list_ = std::move(now);
  }

private:
  mutable std::mutex mutex_;
  list list_ = std::make_shared<const std::vector<service>>();
};

/// What all workers of a node share.
struct worker_settings {
  client::api_actor api;
  engine::engine_actor engine;
  recorder_actor recorder;
  manager_actor manager;
  std::shared_ptr<kernel::blocking_pool> files; // for the host's calls
  std::shared_ptr<kernel::blocking_pool> probes;
  std::shared_ptr<kubelet::host> host;
  std::shared_ptr<const node_facts> node;
  std::shared_ptr<service_board> services;
  std::string runtime_name = "containerd"; // the scheme of container ids
  duration resync = 60s;                   // looks at the runtime without being told, plus jitter
  duration follow_contents = 10s;          // ConfigMap and Secret volumes
};

/// `orphan`: the API does not know this pod; only its uid and what runs of it count.
worker_actor spawn_worker(const kernel::place& at, std::shared_ptr<const worker_settings> with,
                          std::string uid, bool orphan);

} // namespace troupe::kubelet
