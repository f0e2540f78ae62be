#include "runtime/cri/convert.hpp"

namespace troupe::cri {

namespace {

template <class Map> void copy(const runtime::string_map& from, Map& to) {
  for (const auto& [key, value] : from)
    to[key] = value;
}

template <class Repeated> void copy(const std::vector<std::string>& from, Repeated* to) {
  for (const auto& one : from)
    *to->Add() = one;
}

wire::NamespaceMode to_wire(runtime::namespace_mode mode) {
  switch (mode) {
  case runtime::namespace_mode::container: return wire::CONTAINER;
  case runtime::namespace_mode::node: return wire::NODE;
  default: return wire::POD;
  }
}

void fill(const runtime::namespaces& from, wire::NamespaceOption& to) {
  to.set_network(to_wire(from.network));
  to.set_pid(to_wire(from.pid));
  to.set_ipc(to_wire(from.ipc));
}

void fill(const runtime::seccomp& from, wire::SecurityProfile& to) {
  switch (from.what) {
  case runtime::seccomp::profile::runtime_default:
    to.set_profile_type(wire::SecurityProfile::RuntimeDefault);
    break;
  case runtime::seccomp::profile::localhost:
    to.set_profile_type(wire::SecurityProfile::Localhost);
    to.set_localhost_ref(from.path);
    break;
  default: to.set_profile_type(wire::SecurityProfile::Unconfined);
  }
}

void fill(const runtime::security& from, wire::LinuxContainerSecurityContext& to) {
  copy(from.add_capabilities, to.mutable_capabilities()->mutable_add_capabilities());
  copy(from.drop_capabilities, to.mutable_capabilities()->mutable_drop_capabilities());
  to.set_privileged(from.privileged);
  fill(from.namespaces, *to.mutable_namespace_options());
  if (from.run_as_user)
    to.mutable_run_as_user()->set_value(*from.run_as_user);
  if (from.run_as_group)
    to.mutable_run_as_group()->set_value(*from.run_as_group);
  to.set_readonly_rootfs(from.read_only_root);
  for (auto group : from.groups)
    to.add_supplemental_groups(group);
  to.set_no_new_privs(from.no_new_privileges);
  copy(from.masked_paths, to.mutable_masked_paths());
  copy(from.readonly_paths, to.mutable_readonly_paths());
  fill(from.seccomp, *to.mutable_seccomp());
}

wire::MountPropagation to_wire(runtime::mount::propagation spread) {
  switch (spread) {
  case runtime::mount::propagation::host_to_container: return wire::PROPAGATION_HOST_TO_CONTAINER;
  case runtime::mount::propagation::bidirectional: return wire::PROPAGATION_BIDIRECTIONAL;
  default: return wire::PROPAGATION_PRIVATE;
  }
}

wire::Protocol to_wire(runtime::protocol p) {
  return p == runtime::protocol::udp    ? wire::UDP
         : p == runtime::protocol::sctp ? wire::SCTP
                                        : wire::TCP;
}

} // namespace

wire::PodSandboxConfig to_wire(const runtime::sandbox_config& config) {
  wire::PodSandboxConfig out;
  auto& metadata = *out.mutable_metadata();
  metadata.set_name(config.pod.name);
  metadata.set_namespace_(config.pod.ns);
  metadata.set_uid(config.pod.uid);
  metadata.set_attempt(config.attempt);
  // With the node's network there is no host name of its own to set.
  if (config.namespaces.network != runtime::namespace_mode::node)
    out.set_hostname(config.hostname);
  out.set_log_directory(config.log_directory);
  if (config.dns) {
    copy(config.dns->servers, out.mutable_dns_config()->mutable_servers());
    copy(config.dns->searches, out.mutable_dns_config()->mutable_searches());
    copy(config.dns->options, out.mutable_dns_config()->mutable_options());
  }
  for (const auto& port : config.ports) {
    auto& to = *out.add_port_mappings();
    to.set_protocol(to_wire(port.protocol));
    to.set_container_port(port.container_port);
    to.set_host_port(port.host_port);
    to.set_host_ip(port.host_ip);
  }
  copy(config.labels, *out.mutable_labels());
  copy(config.annotations, *out.mutable_annotations());
  auto& os = *out.mutable_linux();
  os.set_cgroup_parent(config.cgroup_parent);
  copy(config.sysctls, *os.mutable_sysctls());
  auto& security = *os.mutable_security_context();
  fill(config.namespaces, *security.mutable_namespace_options());
  security.set_privileged(config.privileged);
  if (config.run_as_user)
    security.mutable_run_as_user()->set_value(*config.run_as_user);
  if (config.run_as_group)
    security.mutable_run_as_group()->set_value(*config.run_as_group);
  for (auto group : config.groups)
    security.add_supplemental_groups(group);
  fill(config.seccomp, *security.mutable_seccomp());
  return out;
}

wire::LinuxContainerResources to_wire(const runtime::resources& limits) {
  wire::LinuxContainerResources out;
  out.set_cpu_shares(limits.cpu_shares);
  out.set_cpu_quota(limits.cpu_quota);
  out.set_cpu_period(limits.cpu_period);
  out.set_memory_limit_in_bytes(limits.memory_bytes);
  out.set_oom_score_adj(limits.oom_score_adj);
  return out;
}

wire::ContainerConfig to_wire(const runtime::container_config& config) {
  wire::ContainerConfig out;
  out.mutable_metadata()->set_name(config.name);
  out.mutable_metadata()->set_attempt(config.attempt);
  out.mutable_image()->set_image(config.image);
  copy(config.command, out.mutable_command());
  copy(config.args, out.mutable_args());
  out.set_working_dir(config.working_dir);
  for (const auto& [key, value] : config.env) {
    auto& to = *out.add_envs();
    to.set_key(key);
    to.set_value(value);
  }
  for (const auto& mount : config.mounts) {
    auto& to = *out.add_mounts();
    to.set_container_path(mount.container_path);
    to.set_host_path(mount.host_path);
    to.set_readonly(mount.read_only);
    to.set_propagation(to_wire(mount.spread));
  }
  copy(config.labels, *out.mutable_labels());
  copy(config.annotations, *out.mutable_annotations());
  out.set_log_path(config.log_path);
  out.set_stdin(config.input);
  out.set_stdin_once(config.input_once);
  out.set_tty(config.tty);
  *out.mutable_linux()->mutable_resources() = to_wire(config.resources);
  fill(config.security, *out.mutable_linux()->mutable_security_context());
  return out;
}

} // namespace troupe::cri
