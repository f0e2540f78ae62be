// A master: store, API, and while it leads the controllers and the scheduler.
#pragma once

#include "config/base/result.hpp"
#include "config/settings/master.hpp"

namespace troupe::program {

/// Runs until SIGTERM or SIGINT (then stops in order) or until an actor that must not die does.
/// The exit code.
result<int> run_master(const settings::master& with);

} // namespace troupe::program
