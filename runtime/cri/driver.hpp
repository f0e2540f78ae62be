// Any CRI v1 runtime by its socket (containerd, CRI-O) as a runtime driver.
#pragma once

#include "runtime/base/driver.hpp"

#include <memory>
#include <string>

namespace troupe::cri {

struct options {
  std::string socket; // a path, or unix:///path
  runtime::deadlines deadlines;
};

/// Connects lazily and again whenever the connection breaks: a call while the runtime is away fails
/// with reason::unavailable at once. Destruction cancels the calls in flight and waits for them.
std::unique_ptr<runtime::driver> make_driver(options with);

} // namespace troupe::cri
