// One API handle over several masters: what one cannot take goes to the next.
#pragma once

#include "actors/client/protocol.hpp"
#include "actors/kernel/place.hpp"

#include <functional>
#include <vector>

namespace troupe::client {

/// The masters as they are known now: asked anew for each call.
using api_servers = std::function<std::vector<api_actor>()>;

/// Calls go to the master that answered last. `unavailable` (nothing was done) is tried at the next
/// master, as often as there are masters; a read also after a time-out; a write's time-out is
/// handed on (its outcome is unknown). A watch stays with the master that opened it.
api_actor spawn_failover(const kernel::place& at, api_servers servers);

} // namespace troupe::client
