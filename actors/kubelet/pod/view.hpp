// What a kubelet reads of a pod: its spec as plain values. Everything else in the object is left
// alone.
#pragma once

#include "config/api/object.hpp"
#include "config/base/clock.hpp"
#include "config/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace troupe::kubelet {

enum class restart_policy : std::uint8_t { always, on_failure, never };
enum class pull_policy : std::uint8_t { if_not_present, always, never };

/// Where an environment variable's value comes from.
struct from_field {
  std::string path;
  bool operator==(const from_field&) const = default;
};
struct from_resource {
  std::string container; // empty: its own
  std::string resource;  // limits.cpu, requests.memory, ...
  std::string divisor;   // empty: 1
  bool operator==(const from_resource&) const = default;
};
struct from_key {
  bool secret = false; // else a ConfigMap
  std::string name;
  std::string key;
  bool optional = false;
  bool operator==(const from_key&) const = default;
};
struct env_var {
  std::string name;
  std::variant<std::string, from_field, from_resource, from_key> value;
  bool operator==(const env_var&) const = default;
};
/// All keys of a ConfigMap or Secret (envFrom).
struct env_source {
  bool secret = false;
  std::string name;
  std::string prefix;
  bool optional = false;
  bool operator==(const env_source&) const = default;
};

struct container_port {
  std::string name;
  std::string protocol = "TCP";
  std::int32_t number = 0;
  std::int32_t host_port = 0;
  std::string host_ip;
  bool operator==(const container_port&) const = default;
};

/// Milli-CPUs and bytes; 0: not given.
struct amounts {
  std::int64_t cpu_milli = 0;
  std::int64_t memory_bytes = 0;
  std::int64_t ephemeral_bytes = 0;
  bool operator==(const amounts&) const = default;
};

struct seccomp_profile {
  std::string type; // RuntimeDefault, Unconfined, Localhost; empty: not given
  std::string path;
  bool operator==(const seccomp_profile&) const = default;
};

struct security_context {
  std::optional<std::int64_t> run_as_user;
  std::optional<std::int64_t> run_as_group;
  std::optional<bool> run_as_non_root;
  std::optional<bool> allow_escalation;
  bool privileged = false;
  bool read_only_root = false;
  bool unmasked_proc = false;
  std::vector<std::string> add;
  std::vector<std::string> drop;
  seccomp_profile seccomp;
  bool operator==(const security_context&) const = default;
};

struct volume_mount {
  std::string name;
  std::string path;
  std::string sub_path;
  bool read_only = false;
  std::string propagation;
  bool operator==(const volume_mount&) const = default;
};

/// An exec, HTTP, TCP or gRPC action of a probe, or an exec, HTTP or sleep of a hook.
struct exec_action {
  std::vector<std::string> command;
  bool operator==(const exec_action&) const = default;
};
struct http_action {
  std::string path = "/";
  std::string port; // a number or a port's name
  std::string host; // empty: the pod's address
  std::string scheme = "HTTP";
  std::vector<std::pair<std::string, std::string>> headers;
  bool operator==(const http_action&) const = default;
};
struct tcp_action {
  std::string port;
  std::string host;
  bool operator==(const tcp_action&) const = default;
};
struct grpc_action {
  std::int32_t port = 0;
  std::string service;
  bool operator==(const grpc_action&) const = default;
};
struct sleep_action {
  std::int64_t seconds = 0;
  bool operator==(const sleep_action&) const = default;
};
using action = std::variant<exec_action, http_action, tcp_action, grpc_action, sleep_action>;

struct probe {
  action act;
  duration initial_delay{};
  duration period = 10s;
  duration timeout = 1s;
  std::int32_t successes = 1;        // in a row
  std::int32_t failures = 3;         // in a row
  std::optional<std::int64_t> grace; // seconds, of a kill by this probe
  bool operator==(const probe&) const = default;
};

struct container {
  std::string name;
  std::string image;
  std::optional<pull_policy> pull;
  std::vector<std::string> command;
  std::vector<std::string> args;
  std::string working_dir;
  std::vector<env_var> env;
  std::vector<env_source> env_from;
  std::vector<container_port> ports;
  amounts requests;
  amounts limits;
  std::vector<volume_mount> mounts;
  security_context security;
  bool input = false;
  bool input_once = false;
  bool tty = false;
  std::optional<restart_policy> restart; // of an init container, always: a sidecar
  std::optional<probe> liveness;
  std::optional<probe> readiness;
  std::optional<probe> startup;
  std::optional<action> post_start;
  std::optional<action> pre_stop;
  std::string termination_message_path;
  bool fallback_to_logs = false; // terminationMessagePolicy
  /// A digest of what a running container was made from; another one restarts it.
  std::string hash;
  bool operator==(const container&) const = default;
};

struct volume {
  std::string name;
  std::string source;    // the name of its kind: emptyDir, hostPath, configMap, ...
  std::string host_path; // of hostPath
  std::string host_path_type;
  std::string medium; // of emptyDir: Memory
  std::int64_t size_limit = 0;
  /// Of configMap, secret, downwardAPI and projected: the source as JSON.
  std::string json;
  bool operator==(const volume&) const = default;
};

struct host_alias {
  std::string ip;
  std::vector<std::string> names;
  bool operator==(const host_alias&) const = default;
};

struct dns_option {
  std::string name;
  std::optional<std::string> value;
  bool operator==(const dns_option&) const = default;
};

struct toleration {
  std::string key;
  std::string op; // Equal, Exists
  std::string value;
  std::string effect;
  bool operator==(const toleration&) const = default;
};

struct pod {
  api::metadata meta;
  std::string node;
  std::vector<container> init;
  std::vector<container> containers;
  std::vector<volume> volumes;
  restart_policy restart = restart_policy::always;
  duration grace = 30s; // terminationGracePeriodSeconds
  std::optional<duration> active_deadline;
  std::string service_account;
  std::string hostname;
  std::string subdomain;
  bool host_network = false;
  bool host_pid = false;
  bool host_ipc = false;
  bool shared_pid = false;
  bool service_links = true;
  std::string dns_policy = "ClusterFirst";
  std::vector<std::string> dns_servers;
  std::vector<std::string> dns_searches;
  std::vector<dns_option> dns_options;
  std::vector<host_alias> aliases;
  security_context security; // the pod's own
  std::vector<std::int64_t> supplemental_groups;
  std::optional<std::int64_t> fs_group;
  std::vector<std::pair<std::string, std::string>> sysctls;
  std::vector<std::string> readiness_gates;
  std::vector<std::string> pull_secrets;
  std::vector<toleration> tolerations;
  std::vector<std::pair<std::string, std::string>> node_selector;
  std::string runtime_class;
  std::int64_t priority = 0;
  bool is_static = false; // from a file of the node
  bool operator==(const pod&) const = default;

  const container* find(std::string_view name) const; // init or regular; null: none
};

inline bool is_sidecar(const container& c) { return c.restart == restart_policy::always; }

/// Reads a pod. Missing fields take Kubernetes' defaults; fails only on what has the wrong type.
result<pod> read_pod(const api::object& of);

enum class qos : std::uint8_t { guaranteed, burstable, best_effort };
qos qos_of(const pod& p);
std::string_view to_string(qos class_);

/// If not given: always for the tag `latest` or none, else if_not_present.
pull_policy effective_pull(const container& c);

} // namespace troupe::kubelet
