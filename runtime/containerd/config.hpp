// The configuration of a containerd of our own, as text.
#pragma once

#include "runtime/host/cgroup.hpp"

#include <string>
#include <vector>

namespace troupe::containerd {

struct options {
  std::string root;     // images, snapshots, metadata: kept
  std::string state;    // what is lost with a reboot; a short path, sockets are below
  std::string cni_conf; // directory of network configuration lists
  std::vector<std::string> cni_bin = {"/usr/lib/cni", "/opt/cni/bin"}; // the first that exists
  std::string sandbox_image;
  std::string oci_runtime = "runc"; // runc or crun: the default; both can be named by RuntimeClass
  std::string program = "containerd";

  std::string socket() const { return state + "/containerd.sock"; }
  bool operator==(const options&) const = default;
};

/// TOML. `machine` decides on what the machine at hand cannot do.
std::string config_text(const options& with, const runtime::machine& machine,
                        const std::string& cni_bin);

} // namespace troupe::containerd
