// Settings of a node, with Kubernetes' names and defaults where it has them (the key is in the
// comment).
#pragma once

#include "config/settings/common.hpp"

#include <map>

namespace troupe::settings {

enum class runtime_kind : std::uint8_t { containerd, simulated };
enum class proxy_mode : std::uint8_t { nftables, iptables, ipvs, userspace, none };
enum class pod_network : std::uint8_t { vxlan, tun, bgp, host_gw, none };

struct node {
  std::string name = "node-1";          // name (hostnameOverride)
  std::string cluster = "troupe";       // clusterName
  std::string data_dir;                 // dataDir (rootDir); required
  std::string pki_dir;                  // pkiDir; empty: dataDir/pki
  std::string address;                  // nodeIP; empty: that of the default route
  std::uint16_t port = 10250;           // port: the kubelet's API
  std::string bind_address = "0.0.0.0"; // bindAddress
  std::vector<peer> masters;            // masters: NAME=HOST:LINKPORT
  std::string api_endpoint;             // apiEndpoint: HOST:PORT of the API or its balancer
  std::string balancer; // balancerAddress: HOST:PORT here, in front of all masters; empty: none
  std::map<std::string, std::string> labels; // nodeLabels: KEY=VALUE
  std::vector<std::string> taints;           // registerWithTaints: KEY=VALUE:EFFECT

  // joining
  std::string join_token;   // token: ID.SECRET of a bootstrap token
  std::string join_ca_hash; // discoveryTokenCACertHash: sha256:HEX

  networks net;
  links link;

  // runtime
  runtime_kind runtime = runtime_kind::containerd; // runtime: containerd, simulated
  std::string runtime_endpoint;     // containerRuntimeEndpoint: unix:///...; empty: own containerd
  std::string oci_runtime = "runc"; // ociRuntime: runc, crun
  std::string sandbox_image = "registry.k8s.io/pause:3.6"; // podInfraContainerImage
  std::string cgroup_root;         // cgroupRoot; empty: /troupe/CLUSTER/NODE
  duration runtime_timeout = 2min; // runtimeRequestTimeout
  duration image_progress = 1min;  // imagePullProgressDeadline
  bool serialize_pulls = false;    // serializeImagePulls

  // pods
  std::uint32_t max_pods = 110;                 // maxPods
  std::string static_pods;                      // staticPodPath; empty: none
  duration file_check = 20s;                    // fileCheckFrequency
  duration sync_frequency = 1min;               // syncFrequency
  duration volume_sync = 10s;                   // volumeSyncFrequency: ConfigMap and Secret volumes
  duration status_update = 10s;                 // nodeStatusUpdateFrequency: lease renewal
  duration status_report = 5min;                // nodeStatusReportFrequency: when nothing changed
  duration lease_duration = 40s;                // nodeLeaseDurationSeconds
  bool fail_swap_on = true;                     // failSwapOn
  std::string resolv_conf = "/etc/resolv.conf"; // resolvConf
  std::map<std::string, std::string> system_reserved; // systemReserved: cpu=100m,memory=100Mi
  std::map<std::string, std::string> kube_reserved;   // kubeReserved
  std::map<std::string, std::string> eviction_hard = {{"memory.available", "100Mi"},
                                                      {"nodefs.available", "10%"},
                                                      {"nodefs.inodesFree", "5%"},
                                                      {"imagefs.available", "15%"}}; // evictionHard
  std::uint32_t image_gc_high = 85;        // imageGCHighThresholdPercent
  std::uint32_t image_gc_low = 80;         // imageGCLowThresholdPercent
  std::uint64_t log_max_bytes = 10U << 20; // containerLogMaxSize
  std::uint32_t log_max_files = 5;         // containerLogMaxFiles
  bool anonymous = false;                  // anonymousAuth of the kubelet's API

  // simulated nodes
  std::uint32_t hollow = 0;       // hollowNodes: so many nodes NAME-0... in this process; 0: one
  duration simulated_start = 0ms; // simulatedStartLatency of a container

  // network
  pod_network network = pod_network::vxlan; // podNetwork: vxlan, tun, bgp, host-gw, none
  proxy_mode proxy = proxy_mode::nftables;  // proxyMode: nftables, iptables, ipvs, userspace, none
  std::string ipvs_scheduler = "rr";        // ipvsScheduler: rr, lc, dh, sh, sed, nq
  duration proxy_sync = 30s;                // proxySyncPeriod: the kernel's state is read back
  std::vector<std::string> not_masqueraded; // nonMasqueradeCIDRs, beside pods and services
  std::string fabric_interface;             // iface between nodes; empty: that of nodeIP
  bool cluster_dns = true;                  // clusterDNSEnabled: this node answers DNS for its pods

  std::uint32_t io_threads = 1;         // ioThreads
  std::uint32_t actor_threads = 2;      // actorThreads
  std::uint64_t trace_bytes = 8U << 20; // traceBufferSize

  bool operator==(const node&) const = default;
};

} // namespace troupe::settings
