// The scheduler's two actors.
#pragma once

#include "actors/kernel/place.hpp"
#include "actors/scheduler/protocol.hpp"

namespace troupe::scheduler {

struct scheduler_settings {
  client::informer_actor nodes;
  client::informer_actor pods;
  client::informer_actor namespaces;
  std::string name = "default-scheduler";
};
/// Outside of the leader scope: its picture is warm when the scope comes.
scheduler_actor spawn_scheduler(const kernel::place& at, scheduler_settings with);

struct binder_settings {
  scheduler_actor scheduler;
  client::api_actor api;
  api::user user;
  std::size_t batch = 256;
  std::size_t binds_at_once = 512;
  std::string name = "default-scheduler";
};
/// In the leader scope.
binder_actor spawn_binder(const kernel::place& at, binder_settings with);

} // namespace troupe::scheduler
