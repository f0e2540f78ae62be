// Starts a process in namespaces of its own: how `troupe up` makes a machine out of a process.
#pragma once

#include "config/base/result.hpp"

#include <string>
#include <sys/types.h>
#include <vector>

namespace troupe::host {

struct isolation {
  bool network =
    false; // own network namespace, joined to `bridge` by a veth named `veth` there, eth0 inside
  bool mount = false; // own mount namespace
  bool process =
    false; // own PID namespace: the started process is its first, and all in it die with it
  std::string bridge;
  std::string veth; // at most 15 characters
};

struct launch {
  std::vector<std::string> command;     // absolute path first
  std::vector<std::string> environment; // NAME=VALUE, added to this process's own
  std::string log;                      // where its output is appended; empty: inherited
  isolation apart;
};

struct child {
  pid_t pid = 0;
  int pidfd = -1; // readable when it ended; the caller closes it
};

/// Starts the command. It gets SIGKILL when the calling thread ends, so call it from a thread that
/// lives as long as the program. With `network` the interface is there before the command runs.
/// Nothing is left behind on failure. When the process ends, its namespaces and veth go with it,
/// but a TCP connection that could not say goodbye keeps them for a minute or two: whoever ends the
/// process deletes the veth, and a veth of that name is replaced here.
result<child> start(const launch& what);

/// Inside a fresh network namespace: loopback up, eth0 with `cidr`, default route via `gateway`.
result<void> configure_network(const std::string& cidr, const std::string& gateway);

} // namespace troupe::host
