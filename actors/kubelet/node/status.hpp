// The Node object as a pure function of what the machine and the runtime say.
#pragma once

#include "actors/kubelet/host.hpp"
#include "actors/kubelet/pod/view.hpp"

#include <nlohmann/json_fwd.hpp>

#include <map>
#include <string>
#include <vector>

namespace troupe::kubelet {

struct node_settings {
  std::string name;
  std::string address;
  std::uint16_t port = 10250;
  std::uint32_t max_pods = 110;
  std::map<std::string, std::string> labels;
  std::vector<std::string> taints;            // KEY=VALUE:EFFECT
  amounts reserved;                           // for the system and the kubelet
  std::uint64_t eviction_memory = 100U << 20; // memory.available below this is pressure
  std::uint32_t eviction_disk_percent = 10;   // nodefs.available
  std::string version = "v1.36.0+troupe.0";
  std::string provider_id;
  bool operator==(const node_settings&) const = default;
};

struct node_reading {
  machine_facts machine;
  runtime::about runtime;
  runtime::health health;
  std::string problem; // why the runtime cannot be asked; empty: it answered
  std::vector<runtime::image> images;
};

amounts capacity_of(const machine_facts& machine);
amounts allocatable_of(const node_settings& settings, const machine_facts& machine);

/// The Node that the kubelet registers: metadata and spec.
nlohmann::json new_node(const node_settings& settings, const machine_facts& machine);

/// NodeStatus. `before`: the one in the API, or null; conditions that did not turn keep their
/// times, those of others are kept.
nlohmann::json node_status(const node_settings& settings, const node_reading& reading,
                           const nlohmann::json& before, instant now);

/// Whether two statuses differ in more than heartbeats and images' order.
bool differs(const nlohmann::json& a, const nlohmann::json& b);

/// The Lease of this node, renewed at `now`; spec.leaseDurationSeconds is `lasts`.
nlohmann::json new_lease(const node_settings& settings, const std::string& node_uid, duration lasts,
                         instant now);

/// Why a pod does not fit on the node beside `others`; nothing when it does. What is over does not
/// count. (OutOfcpu, OutOfmemory, OutOfpods, NodePorts, NodeAffinity)
struct refusal {
  std::string reason;
  std::string message;
  bool operator==(const refusal&) const = default;
};
std::optional<refusal> refuse(const pod& p, const std::vector<const pod*>& others,
                              const amounts& allocatable, std::uint32_t max_pods,
                              const std::map<std::string, std::string>& node_labels);

/// What a pod asks for: its containers' sum, or an init container's more; sidecars count with both.
amounts requests_of(const pod& p);

} // namespace troupe::kubelet
