// A node: kubelet, container runtime, service rules.
#pragma once

#include "config/base/result.hpp"
#include "config/settings/node.hpp"

namespace troupe::program {

/// Runs until SIGTERM or SIGINT or until an actor that must not die does. The exit code.
result<int> run_node(const settings::node& with);

} // namespace troupe::program
