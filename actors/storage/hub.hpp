// The watch hub of one master: who follows which keys, fed by the replica.
#pragma once

#include "actors/kernel/place.hpp"
#include "actors/kernel/pool.hpp"
#include "actors/storage/protocol.hpp"
#include "store/watch/hub.hpp"

#include <memory>

namespace troupe::storage {

struct hub_dependencies {
  replica_actor replica;                         // for the past
  std::shared_ptr<kernel::blocking_pool> reader; // reads it
  store::hub_limits limits;
  store::hub_bugs bugs; // tests only
};
struct hub_handles {
  watch_hub_actor hub;
  hub_feed_actor feed;
};
hub_handles spawn_watch_hub(const kernel::place& at, hub_dependencies with);

} // namespace troupe::storage
