// Starts the runtime's actor.
#pragma once

#include "actors/kernel/place.hpp"
#include "actors/kubelet/engine/protocol.hpp"
#include "runtime/base/driver.hpp"

#include <functional>
#include <memory>

namespace troupe::engine {

/// The time of the engine's actor, for a driver that has no threads of its own.
struct actor_time {
  std::function<instant()> now;
  std::function<void(duration, std::function<void()>)> after; // on the actor
};

/// Called once by each incarnation. A driver with threads of its own may be the same every time;
/// one that lives on the actor's time must be made anew.
using driver_source = std::function<std::shared_ptr<runtime::driver>(const actor_time&)>;

/// The driver is kept until the actor is gone.
engine_actor spawn_engine(const kernel::place& at, driver_source source);

} // namespace troupe::engine
