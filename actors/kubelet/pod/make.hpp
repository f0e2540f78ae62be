// What the runtime is asked for: a pod's spec as configurations of its sandbox and containers.
#pragma once

#include "actors/kubelet/pod/environment.hpp"
#include "actors/kubelet/pod/view.hpp"
#include "runtime/base/types.hpp"

#include <map>
#include <string>
#include <vector>

namespace troupe::kubelet {

/// What of the node goes into every pod.
struct node_facts {
  std::string name;
  std::string address;
  std::string log_root;    // .../pods: one directory per pod below
  std::string pods_root;   // one directory per pod, by uid: volumes, its hosts file
  std::string cgroup_root; // "/troupe/c/n"; empty: the top
  std::string cluster_dns; // empty: pods use the node's
  std::string cluster_domain = "cluster.local";
  runtime::dns_config own_dns; // the node's resolv.conf
  std::uint64_t memory_bytes = 0;
  amounts allocatable;
};

std::string log_directory(const pod& p, const node_facts& node);
std::string pod_directory(const pod& p, const node_facts& node);
std::string volume_directory(const pod& p, const volume& v, const node_facts& node);
std::string cgroup_of(const pod& p, const node_facts& node);
/// At most 63 characters: longer names are cut.
std::string hostname_of(const pod& p, const node_facts& node);
/// The pod's /etc/hosts.
std::string hosts_text(const pod& p, const node_facts& node,
                       const std::vector<std::string>& addresses);

runtime::sandbox_config make_sandbox(const pod& p, const node_facts& node, std::uint32_t attempt);

struct container_inputs {
  const pod& p;
  const container& c;
  const node_facts& node;
  std::uint32_t attempt = 0;
  const runtime::image& image;
  const references& known;
  const std::vector<service>& services;
  const std::vector<std::string>& addresses; // the sandbox's
};
/// Fails with the message of a CreateContainerConfigError.
result<runtime::container_config> make_container(const container_inputs& in);

/// Limits and weights of a container.
runtime::resources resources_of(const pod& p, const container& c, std::uint64_t node_memory);

/// Volumes of this kind need nothing but a directory or a path of the node.
bool is_plain(const volume& v);

/// The reference as a runtime wants it; a failure is an InvalidImageName.
result<void> check_image_name(std::string_view image);

} // namespace troupe::kubelet
