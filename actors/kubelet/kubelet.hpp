// A whole kubelet as a supervision tree: runtime, recorder, node, and the pods under their manager.
//
//   auto parts = kubelet::assemble(process, {.node = {.name = "n1", .address = "10.99.2.1"}, ...});
//   tree.children.push_back({"kubelet", restart::always, kernel::subtree(parts.tree)});
//
// Many of them fit into one process: each hollow node is one.
#pragma once

#include "actors/kernel/pool.hpp"
#include "actors/kernel/supervisor.hpp"
#include "actors/kubelet/engine/engine.hpp"
#include "actors/kubelet/host.hpp"
#include "actors/kubelet/node/status.hpp"
#include "actors/kubelet/pod/make.hpp"
#include "actors/kubelet/protocol.hpp"

#include <memory>
#include <string>

namespace troupe::kubelet {

struct settings {
  node_settings node;
  std::string data_dir;    // volumes and logs of pods are below
  std::string cgroup_root; // "/troupe/CLUSTER/NODE"
  std::string cluster_dns; // the address pods ask; empty: the node's own
  std::string cluster_domain = "cluster.local";
  duration status_update = 10s;
  duration status_report = 5min;
  duration lease_duration = 40s;
  duration resync = 60s;
  duration follow_contents = 10s;
  std::uint64_t log_bytes = 10U << 20; // a container's log file is rotated beyond it
  std::uint32_t log_files = 5;         // of one container, the current one counted
  duration log_period = 10s;           // between looks at the logs

  client::api_actor api; // acts as system:node:NAME
  /// Of pods with spec.nodeName=NAME (see pods_of), and of services; services may be null.
  client::informer_actor pod_informer;
  client::informer_actor service_informer;

  engine::driver_source driver;
  std::string runtime_name = "containerd"; // the scheme of container ids
  std::shared_ptr<kubelet::host> host;
  machine_facts machine;                         // what host->facts() said at the start
  std::shared_ptr<kernel::blocking_pool> files;  // 2 threads
  std::shared_ptr<kernel::blocking_pool> probes; // 4 threads
};

struct assembled {
  kernel::tree tree;
  kernel::stable<manager_actor> manager; // answers find_pods
  kernel::stable<engine::engine_actor> engine;
  kernel::stable<recorder_actor> recorder;
  std::shared_ptr<const node_facts> facts;
};

assembled assemble(const kernel::process_ptr& process, settings with);

/// The list and watch that pod_informer needs.
api::request pods_of(const std::string& node);
/// Likewise of all services.
api::request services_for(const std::string& node);

} // namespace troupe::kubelet
