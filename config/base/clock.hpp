// Points in time and spans. No core reads a clock: time enters as a value.
#pragma once

#include <chrono>

namespace troupe {

using duration = std::chrono::nanoseconds;
/// Nanoseconds since the Unix epoch, UTC. (The same type as caf::timestamp.)
using instant = std::chrono::time_point<std::chrono::system_clock, duration>;

using namespace std::chrono_literals; // NOLINT: 5s and 300ms everywhere

} // namespace troupe
