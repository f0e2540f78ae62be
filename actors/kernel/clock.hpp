// The clock of a process: a driver. Actors read it as self->now(); cores get instants as values.
#pragma once

#include "config/base/clock.hpp"

#include <memory>

namespace troupe::kernel {

class clock {
public:
  clock() = default;
  clock(const clock&) = delete;
  clock& operator=(const clock&) = delete;
  virtual ~clock() = default;
  /// Thread-safe. May jump (the system's clock is set); never use it to measure spans over a jump.
  virtual instant now() const = 0;
};

/// The system's clock. (The simulation has its own, on virtual time: simulation.hpp.)
std::unique_ptr<clock> make_system_clock();

} // namespace troupe::kernel
