// What a node asks of a container runtime and what it sees there: CRI's notions as plain values.
#pragma once

#include "config/base/clock.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::runtime {

using string_map = std::map<std::string, std::string, std::less<>>;

/// Labels that tie what runs to the pod it belongs to. Kubernetes' names: other tools look for
/// them.
namespace label {
inline constexpr auto pod_name = "io.kubernetes.pod.name";
inline constexpr auto pod_namespace = "io.kubernetes.pod.namespace";
inline constexpr auto pod_uid = "io.kubernetes.pod.uid";
inline constexpr auto container_name = "io.kubernetes.container.name";
inline constexpr auto container_hash = "io.kubernetes.container.hash";           // an annotation
inline constexpr auto restart_count = "io.kubernetes.container.restartCount";    // an annotation
inline constexpr auto grace_period = "io.kubernetes.pod.terminationGracePeriod"; // an annotation
} // namespace label

enum class namespace_mode : std::uint8_t { pod, container, node };
enum class protocol : std::uint8_t { tcp, udp, sctp };

struct port_mapping {
  runtime::protocol protocol = runtime::protocol::tcp;
  std::int32_t container_port = 0;
  std::int32_t host_port = 0; // 0: none
  std::string host_ip;
  bool operator==(const port_mapping&) const = default;
};

struct dns_config {
  std::vector<std::string> servers;
  std::vector<std::string> searches;
  std::vector<std::string> options;
  bool operator==(const dns_config&) const = default;
};

struct seccomp {
  enum class profile : std::uint8_t { runtime_default, unconfined, localhost };
  profile what = profile::unconfined;
  std::string path; // of localhost
  bool operator==(const seccomp&) const = default;
};

/// Which namespaces are shared with whom.
struct namespaces {
  namespace_mode network = namespace_mode::pod;
  namespace_mode pid = namespace_mode::container; // pod: shareProcessNamespace
  namespace_mode ipc = namespace_mode::pod;
  bool operator==(const namespaces&) const = default;
};

/// Limits of a container. 0 is unset.
struct resources {
  std::int64_t cpu_shares = 0;
  std::int64_t cpu_quota = 0;  // microseconds per period
  std::int64_t cpu_period = 0; // microseconds
  std::int64_t memory_bytes = 0;
  std::int64_t oom_score_adj = 0;
  bool operator==(const resources&) const = default;
};

/// The identity of one pod sandbox or container of a pod.
struct pod_key {
  std::string name;
  std::string ns;
  std::string uid;
  bool operator==(const pod_key&) const = default;
};

struct sandbox_config {
  pod_key pod;
  std::uint32_t attempt = 0;
  std::string hostname; // empty with the node's network
  std::string log_directory;
  std::optional<dns_config> dns; // none: the node's
  std::vector<port_mapping> ports;
  string_map labels;
  string_map annotations;
  std::string cgroup_parent;
  string_map sysctls;
  runtime::namespaces namespaces;
  bool privileged = false;
  std::optional<std::int64_t> run_as_user;
  std::optional<std::int64_t> run_as_group;
  std::vector<std::int64_t> groups;
  runtime::seccomp seccomp;
  std::string handler; // RuntimeClass' handler; empty: the default
  bool operator==(const sandbox_config&) const = default;
};

struct mount {
  std::string container_path;
  std::string host_path;
  bool read_only = false;
  enum class propagation : std::uint8_t { none, host_to_container, bidirectional };
  propagation spread = propagation::none;
  bool operator==(const mount&) const = default;
};

struct security {
  std::vector<std::string> add_capabilities;
  std::vector<std::string> drop_capabilities;
  bool privileged = false;
  bool read_only_root = false;
  bool no_new_privileges = false;
  std::optional<std::int64_t> run_as_user;
  std::optional<std::int64_t> run_as_group;
  std::vector<std::int64_t> groups;
  runtime::seccomp seccomp;
  runtime::namespaces namespaces;
  std::vector<std::string> masked_paths;
  std::vector<std::string> readonly_paths;
  bool operator==(const security&) const = default;
};

struct container_config {
  std::string name;
  std::uint32_t attempt = 0;
  std::string image; // its id as image() or pull() answered
  std::vector<std::string> command;
  std::vector<std::string> args;
  std::string working_dir;
  std::vector<std::pair<std::string, std::string>> env;
  std::vector<mount> mounts;
  string_map labels;
  string_map annotations;
  std::string log_path; // below the sandbox's log_directory
  bool input = false;
  bool input_once = false;
  bool tty = false;
  runtime::resources resources;
  runtime::security security;
  bool operator==(const container_config&) const = default;
};

enum class sandbox_state : std::uint8_t { ready, not_ready };
enum class container_state : std::uint8_t { created, running, exited, unknown };

struct sandbox_status {
  std::string id;
  pod_key pod;
  std::uint32_t attempt = 0;
  sandbox_state state = sandbox_state::not_ready;
  instant created{};
  std::vector<std::string> ips; // empty with the node's network
  bool node_network = false;
  string_map labels;
  bool operator==(const sandbox_status&) const = default;
};

struct container_status {
  std::string id;
  std::string sandbox_id;
  std::string name;
  std::uint32_t attempt = 0; // the restart count
  container_state state = container_state::unknown;
  instant created{};
  instant started{};  // epoch: never
  instant finished{}; // epoch: not yet
  std::int32_t exit_code = 0;
  std::string reason; // Completed, Error, OOMKilled, ...
  std::string message;
  std::string image;    // as the user wrote it, where known
  std::string image_id; // a digest reference
  std::string hash;     // of the spec it was made from
  std::string log_path; // absolute
  string_map labels;
  bool operator==(const container_status&) const = default;
};

/// Everything the runtime knows of one pod, newest first.
struct pod_state {
  std::vector<sandbox_status> sandboxes;
  std::vector<container_status> containers;
  bool operator==(const pod_state&) const = default;
};

/// One line of the cheap overview of all that is there.
struct listed_container {
  std::string id;
  std::string sandbox_id;
  std::string name;
  std::string pod_uid;
  container_state state = container_state::unknown;
  bool operator==(const listed_container&) const = default;
};
struct listed_sandbox {
  std::string id;
  pod_key pod;
  sandbox_state state = sandbox_state::not_ready;
  bool operator==(const listed_sandbox&) const = default;
};
struct inventory {
  std::vector<listed_sandbox> sandboxes;
  std::vector<listed_container> containers;
  bool operator==(const inventory&) const = default;
};

struct image {
  std::string id;
  std::vector<std::string> tags;
  std::vector<std::string> digests;
  std::uint64_t size = 0;
  std::optional<std::int64_t> user; // as its configuration says
  std::string user_name;
  bool operator==(const image&) const = default;
};

struct credentials {
  std::string user;
  std::string password;
  std::string server;
  bool operator==(const credentials&) const = default;
};

struct about {
  std::string name;    // containerd
  std::string version; // 1.6.20
};

struct health {
  bool runtime_ready = false;
  bool network_ready = false;
  std::string runtime_message;
  std::string network_message;
  bool operator==(const health&) const = default;
};

struct exec_outcome {
  std::int32_t exit_code = 0;
  std::string out;
  std::string err;
};

struct usage {
  std::string container_id;
  std::string container_name;
  std::string pod_uid;
  instant at{};
  std::uint64_t cpu_nanoseconds = 0; // since its start
  std::uint64_t memory_working_set = 0;
  std::uint64_t memory_usage = 0;
  std::uint64_t memory_rss = 0;
  std::uint64_t disk_bytes = 0; // writable layer
};

/// Something happened to a container or sandbox: look at that pod again.
struct change {
  enum class kind : std::uint8_t {
    started,
    exited,
    out_of_memory,
    lost, // events may have been missed: look at everything
  };
  kind what = kind::lost;
  std::string id; // of the container or sandbox; empty with lost
};

} // namespace troupe::runtime
