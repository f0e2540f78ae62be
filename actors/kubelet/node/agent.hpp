// The actor that speaks for the node: registers it, renews its lease, reports its status.
#pragma once

#include "actors/kernel/place.hpp"
#include "actors/kernel/pool.hpp"
#include "actors/kubelet/node/status.hpp"
#include "actors/kubelet/protocol.hpp"

#include <memory>

namespace troupe::kubelet {

struct agent_settings {
  client::api_actor api;
  engine::engine_actor engine;
  recorder_actor recorder;
  std::shared_ptr<kernel::blocking_pool> files;
  std::shared_ptr<kubelet::host> host;
  node_settings node;
  duration update = 10s;         // lease and a look at the node (nodeStatusUpdateFrequency)
  duration report = 5min;        // status is sent at least so often (nodeStatusReportFrequency)
  duration lease_duration = 40s; // nodeLeaseDurationSeconds
  std::string log_root;          // of the pods' logs
  std::uint64_t log_bytes = 10U << 20; // containerLogMaxSize
  std::uint32_t log_files = 5;         // containerLogMaxFiles
  duration log_period = 10s;           // containerLogMonitorInterval
  duration hurry = 100ms;              // between looks until the node is Ready for the first time
};

struct agent_tick {
  using local_only = void;
};
struct lease_tick {
  using local_only = void;
};
struct log_tick {
  using local_only = void;
};
using agent_actor = caf::typed_actor< //
  proto::tell<agent_tick>,            //
  proto::tell<lease_tick>,            //
  proto::tell<log_tick>>;

agent_actor spawn_agent(const kernel::place& at, agent_settings with);

} // namespace troupe::kubelet
