// The mounts that make a namespace a node: see runtime/containerd/README.md.
#pragma once

#include "config/base/result.hpp"

#include <string>

namespace troupe::runtime {

struct node_mounts {
  std::string data_dir;     // of the node; its own /var/lib/cni is kept in it
  bool own_proc = true;     // it is in a PID namespace of its own
  bool hide_unified = true; // on a hybrid machine: crun refuses to work beside a controller in v2
};

/// Call it in a fresh mount namespace, before any thread is started: nothing of it reaches outside.
result<void> mount_node(const node_mounts& what);

} // namespace troupe::runtime
