// What `troupe up` starts, as a value: every process with its address, its files and its
// namespaces.
#pragma once

#include "config/base/result.hpp"
#include "config/pki/cluster.hpp"
#include "config/settings/up.hpp"
#include "netd/host/isolate.hpp"

#include <string>
#include <vector>

namespace troupe::up {

enum class kind : std::uint8_t { balancer, master, node };

struct process_plan {
  up::kind kind = up::kind::master;
  std::string name;       // "master-1"
  std::string address;    // "10.222.1.1"; of a balancer 127.0.0.1
  std::uint16_t port = 0; // its HTTPS: API, kubelet, balancer
  std::string log;        // file
  std::string cgroup;     // of a node with real containers: removed when it ends
  std::vector<std::string> command;
  host::isolation apart;
};

/// What is decided before, and not by the settings.
struct surroundings {
  std::string program;        // absolute path of this program
  bool namespaces = true;     // root, and wanted
  std::uint16_t api_port = 0; // of the balancers
};

struct layout {
  std::string dir; // absolute data directory
  bool namespaces = true;
  std::string bridge;      // empty without namespaces
  std::string bridge_cidr; // "10.222.0.1/16"
  std::uint16_t api_port = 0;
  std::vector<process_plan> processes; // masters, nodes, balancers: the order of their start
  std::vector<settings::master> masters;
  std::vector<settings::node> nodes;
  pki::cluster_plan certificates;

  std::string kubeconfig() const { return dir + "/kubeconfig"; }
  std::string state_file() const { return dir + "/up.json"; }
  std::string control_socket() const { return dir + "/up.sock"; }
  std::string pki_dir(const std::string& process) const { return dir + "/" + process + "/pki"; }
  std::string config_file(const std::string& process) const {
    return dir + "/" + process + "/config.yaml";
  }
  const process_plan* find(std::string_view name) const;
};

/// Fails when the settings ask for more addresses than the fabric has.
result<layout> plan(const settings::up& wanted, const surroundings& here);

/// The bridge's name, from the data directory: two clusters on a machine have two.
std::string bridge_name(const std::string& dir);

} // namespace troupe::up
