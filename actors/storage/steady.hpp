// The clock of waits and spans: it never jumps, whatever happens to the time of day.
#pragma once

#include "actors/kernel/actor.hpp"

namespace troupe::storage {

/// From an unknown origin; compare it with its like only.
inline instant steady(const kernel::actor_core* self) { return instant{self->monotonic()}; }

} // namespace troupe::storage
