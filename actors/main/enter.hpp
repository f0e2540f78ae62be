// `troupe enter`: what a process started in fresh namespaces does first. Internal.
#pragma once

#include "config/base/result.hpp"

#include <string>
#include <vector>

namespace troupe::program {

struct enter_options {
  std::string address; // "10.99.2.1/16" for eth0; empty: no network of its own
  std::string gateway;
  bool machine =
    false; // it is the first process of a PID namespace: own mounts, and a reaper of orphans
  std::string data_dir; // of a machine: its own /var/lib/cni is kept there
  std::vector<std::string> command;
};

/// Makes the namespaces a machine and becomes the command; as a machine it starts it and stays its
/// first process, which ends with it. Returns only on failure, or with the command's exit code.
result<int> enter(const enter_options& o);

} // namespace troupe::program
