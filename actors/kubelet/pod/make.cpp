#include "actors/kubelet/pod/make.hpp"

#include <algorithm>

namespace troupe::kubelet {

namespace {

constexpr std::size_t longest_hostname = 63;

const std::vector<std::string> masked = {
  "/proc/asound",        "/proc/acpi",       "/proc/kcore",       "/proc/keys",
  "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
  "/proc/scsi",          "/sys/firmware",    "/proc/interrupts",  "/sys/devices/virtual/powercap"};
const std::vector<std::string> read_only = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                            "/proc/sysrq-trigger"};

runtime::namespaces namespaces_of(const pod& p) {
  using runtime::namespace_mode;
  return {.network = p.host_network ? namespace_mode::node : namespace_mode::pod,
          .pid = p.host_pid     ? namespace_mode::node
                 : p.shared_pid ? namespace_mode::pod
                                : namespace_mode::container,
          .ipc = p.host_ipc ? namespace_mode::node : namespace_mode::pod};
}

runtime::seccomp seccomp_of(const seccomp_profile& own, const seccomp_profile& pods,
                            bool privileged) {
  const auto& from = own.type.empty() ? pods : own;
  if (privileged || from.type.empty() || from.type == "Unconfined")
    return {};
  if (from.type == "Localhost")
    return {runtime::seccomp::profile::localhost, from.path};
  return {runtime::seccomp::profile::runtime_default, {}};
}

std::vector<std::int64_t> groups_of(const pod& p) {
  auto out = p.supplemental_groups;
  if (p.fs_group)
    out.push_back(*p.fs_group);
  return out;
}

void append_new(std::vector<std::string>& to, const std::vector<std::string>& more) {
  for (const auto& one : more)
    if (std::find(to.begin(), to.end(), one) == to.end())
      to.push_back(one);
}

runtime::dns_config cluster_dns(const pod& p, const node_facts& node) {
  const auto& domain = node.cluster_domain;
  runtime::dns_config out{
    {node.cluster_dns}, {p.meta.ns + ".svc." + domain, "svc." + domain, domain}, {"ndots:5"}};
  append_new(out.searches, node.own_dns.searches);
  return out;
}

runtime::dns_config dns_of(const pod& p, const node_facts& node) {
  runtime::dns_config out;
  auto cluster = p.dns_policy == "ClusterFirstWithHostNet"
                 || (p.dns_policy == "ClusterFirst" && !p.host_network);
  if (p.dns_policy == "None")
    out = {};
  else if (cluster && !node.cluster_dns.empty())
    out = cluster_dns(p, node);
  else
    out = node.own_dns;
  append_new(out.servers, p.dns_servers);
  append_new(out.searches, p.dns_searches);
  for (const auto& option : p.dns_options) {
    auto text = option.value ? option.name + ":" + *option.value : option.name;
    std::erase_if(out.options, [&](const auto& old) {
      return old == option.name || old.starts_with(option.name + ":");
    });
    out.options.push_back(text);
  }
  return out;
}

runtime::protocol protocol_of(const std::string& text) {
  return text == "UDP"    ? runtime::protocol::udp
         : text == "SCTP" ? runtime::protocol::sctp
                          : runtime::protocol::tcp;
}

runtime::string_map labels_of(const pod& p) {
  runtime::string_map out(p.meta.labels.begin(), p.meta.labels.end());
  out[runtime::label::pod_name] = p.meta.name;
  out[runtime::label::pod_namespace] = p.meta.ns;
  out[runtime::label::pod_uid] = p.meta.uid;
  return out;
}

/// Who the processes are. Fails when they would be root although they must not.
result<runtime::security> security_of(const pod& p, const container& c,
                                      const runtime::image& image) {
  const auto& own = c.security;
  const auto& pods = p.security;
  runtime::security out;
  out.add_capabilities = own.add;
  out.drop_capabilities = own.drop;
  out.privileged = own.privileged;
  out.read_only_root = own.read_only_root;
  out.no_new_privileges = own.allow_escalation == false;
  out.run_as_user = own.run_as_user ? own.run_as_user : pods.run_as_user;
  out.run_as_group = own.run_as_group ? own.run_as_group : pods.run_as_group;
  // A group alone is refused by runtimes: the user is the image's.
  if (out.run_as_group && !out.run_as_user)
    out.run_as_user = image.user.value_or(0);
  out.groups = groups_of(p);
  out.seccomp = seccomp_of(own.seccomp, pods.seccomp, own.privileged);
  out.namespaces = namespaces_of(p);
  if (!own.privileged && !own.unmasked_proc) {
    out.masked_paths = masked;
    out.readonly_paths = read_only;
  }
  if (own.run_as_non_root.value_or(pods.run_as_non_root.value_or(false))) {
    if (out.run_as_user == 0)
      return failure{.reason = reason::invalid,
                     .message = "container's runAsUser breaks non-root policy (pod: \""
                                + p.meta.name + "_" + p.meta.ns + "(" + p.meta.uid
                                + ")\", container: " + c.name + ")"};
    if (!out.run_as_user && !image.user_name.empty())
      return failure{.reason = reason::invalid,
                     .message = "container has runAsNonRoot and image has non-numeric user ("
                                + image.user_name + "), cannot verify user is non-root"};
    if (!out.run_as_user && image.user.value_or(0) == 0)
      return failure{.reason = reason::invalid,
                     .message = "container has runAsNonRoot and image will run as root"};
  }
  return out;
}

result<std::vector<runtime::mount>> mounts_of(const container_inputs& in) {
  std::vector<runtime::mount> out;
  auto own_hosts = false;
  for (const auto& m : in.c.mounts) {
    auto v = std::find_if(in.p.volumes.begin(), in.p.volumes.end(),
                          [&](const auto& one) { return one.name == m.name; });
    if (v == in.p.volumes.end())
      return failure{.reason = reason::invalid, .message = "no volume is named " + m.name};
    auto path = volume_directory(in.p, *v, in.node);
    if (!m.sub_path.empty())
      path += "/" + m.sub_path;
    auto spread = m.propagation == "Bidirectional" ? runtime::mount::propagation::bidirectional
                  : m.propagation == "HostToContainer"
                    ? runtime::mount::propagation::host_to_container
                    : runtime::mount::propagation::none;
    out.push_back({m.path, path, m.read_only, spread});
    own_hosts = own_hosts || m.path == "/etc/hosts";
  }
  if (!own_hosts && !in.p.host_network)
    out.push_back({"/etc/hosts", pod_directory(in.p, in.node) + "/etc-hosts", false,
                   runtime::mount::propagation::none});
  return out;
}

} // namespace

std::string log_directory(const pod& p, const node_facts& node) {
  return node.log_root + "/" + p.meta.ns + "_" + p.meta.name + "_" + p.meta.uid;
}

std::string pod_directory(const pod& p, const node_facts& node) {
  return node.pods_root + "/" + p.meta.uid;
}

std::string volume_directory(const pod& p, const volume& v, const node_facts& node) {
  if (v.source == "hostPath")
    return v.host_path;
  return pod_directory(p, node) + "/volumes/" + v.name;
}

std::string cgroup_of(const pod& p, const node_facts& node) {
  auto out = node.cgroup_root + "/kubepods";
  switch (qos_of(p)) {
  case qos::burstable: out += "/burstable"; break;
  case qos::best_effort: out += "/besteffort"; break;
  default: break;
  }
  return out + "/pod" + p.meta.uid;
}

std::string hostname_of(const pod& p, const node_facts& node) {
  if (p.host_network)
    return node.name;
  auto out = (p.hostname.empty() ? p.meta.name : p.hostname).substr(0, longest_hostname);
  while (!out.empty() && (out.back() == '-' || out.back() == '.'))
    out.pop_back();
  return out;
}

std::string hosts_text(const pod& p, const node_facts& node,
                       const std::vector<std::string>& addresses) {
  std::string out = "# Managed by the kubelet.\n"
                    "127.0.0.1\tlocalhost\n"
                    "::1\tlocalhost ip6-localhost ip6-loopback\n"
                    "fe00::0\tip6-localnet\n"
                    "fe00::0\tip6-mcastprefix\n"
                    "fe00::1\tip6-allnodes\n"
                    "fe00::2\tip6-allrouters\n";
  auto name = hostname_of(p, node);
  auto full = p.subdomain.empty()
                ? std::string()
                : name + "." + p.subdomain + "." + p.meta.ns + ".svc." + node.cluster_domain + "\t";
  for (const auto& address : addresses)
    out += address + "\t" + full + name + "\n";
  if (!p.aliases.empty())
    out += "\n# From the pod's hostAliases.\n";
  for (const auto& alias : p.aliases) {
    out += alias.ip;
    for (const auto& one : alias.names)
      out += "\t" + one;
    out += "\n";
  }
  return out;
}

runtime::sandbox_config make_sandbox(const pod& p, const node_facts& node, std::uint32_t attempt) {
  runtime::sandbox_config out;
  out.pod = {p.meta.name, p.meta.ns, p.meta.uid};
  out.attempt = attempt;
  out.hostname = hostname_of(p, node);
  out.log_directory = log_directory(p, node);
  out.dns = dns_of(p, node);
  if (!p.host_network)
    for (const auto* list : {&p.init, &p.containers})
      for (const auto& c : *list)
        for (const auto& port : c.ports)
          if (port.host_port != 0)
            out.ports.push_back(
              {protocol_of(port.protocol), port.number, port.host_port, port.host_ip});
  out.labels = labels_of(p);
  out.annotations = {p.meta.annotations.begin(), p.meta.annotations.end()};
  out.cgroup_parent = cgroup_of(p, node);
  out.sysctls = {p.sysctls.begin(), p.sysctls.end()};
  out.namespaces = namespaces_of(p);
  for (const auto* list : {&p.init, &p.containers})
    for (const auto& c : *list)
      out.privileged = out.privileged || c.security.privileged;
  out.run_as_user = p.security.run_as_user;
  out.run_as_group = p.security.run_as_user ? p.security.run_as_group : std::nullopt;
  out.groups = groups_of(p);
  out.seccomp = {runtime::seccomp::profile::runtime_default, {}};
  out.handler = p.runtime_class;
  return out;
}

runtime::resources resources_of(const pod& p, const container& c, std::uint64_t node_memory) {
  runtime::resources out;
  auto request = c.requests.cpu_milli != 0 ? c.requests.cpu_milli : c.limits.cpu_milli;
  out.cpu_shares = std::clamp<std::int64_t>(request * 1024 / 1000, 2, 262144);
  if (c.limits.cpu_milli != 0) {
    out.cpu_period = 100000;
    out.cpu_quota = std::max<std::int64_t>(c.limits.cpu_milli * out.cpu_period / 1000, 1000);
  }
  out.memory_bytes = c.limits.memory_bytes;
  switch (qos_of(p)) {
  case qos::guaranteed: out.oom_score_adj = -997; break;
  case qos::best_effort: out.oom_score_adj = 1000; break;
  default: // the less it asked for, the sooner it goes
    auto share = node_memory == 0
                   ? std::int64_t{0}
                   : static_cast<std::int64_t>(1000.0 * static_cast<double>(c.requests.memory_bytes)
                                               / static_cast<double>(node_memory));
    out.oom_score_adj = std::clamp<std::int64_t>(1000 - share, 3, 999);
  }
  return out;
}

result<runtime::container_config> make_container(const container_inputs& in) {
  runtime::container_config out;
  out.name = in.c.name;
  out.attempt = in.attempt;
  out.image = in.image.id;
  surroundings around{in.node.name, in.node.address, in.addresses, in.node.allocatable};
  if (in.p.host_network)
    around.addresses = {in.node.address};
  OR_RETURN(out.env, environment_of(in.p, in.c, in.known, in.services, around));
  for (const auto& word : in.c.command)
    out.command.push_back(expand(word, out.env));
  for (const auto& word : in.c.args)
    out.args.push_back(expand(word, out.env));
  out.working_dir = in.c.working_dir;
  OR_RETURN(out.mounts, mounts_of(in));
  OR_RETURN(out.security, security_of(in.p, in.c, in.image));
  out.labels = labels_of(in.p);
  out.labels[runtime::label::container_name] = in.c.name;
  out.annotations = {
    {runtime::label::container_hash, in.c.hash},
    {runtime::label::restart_count, std::to_string(in.attempt)},
    {runtime::label::grace_period,
     std::to_string(std::chrono::duration_cast<std::chrono::seconds>(in.p.grace).count())}};
  out.log_path = in.c.name + "/" + std::to_string(in.attempt) + ".log";
  out.input = in.c.input;
  out.input_once = in.c.input_once;
  out.tty = in.c.tty;
  out.resources = resources_of(in.p, in.c, in.node.memory_bytes);
  return out;
}

bool is_plain(const volume& v) { return v.source == "emptyDir" || v.source == "hostPath"; }

result<void> check_image_name(std::string_view image) {
  auto bad = [&] {
    return failure{.reason = reason::invalid,
                   .message = "Failed to apply default image tag \"" + std::string(image)
                              + "\": couldn't parse image name: invalid reference format"};
  };
  if (image.empty() || image.front() == '/' || image.back() == '/' || image.back() == ':')
    return bad();
  auto name = image.substr(0, image.find('@'));
  auto slash = name.rfind('/');
  auto colon = name.find(':', slash == std::string_view::npos ? 0 : slash);
  auto path = name.substr(0, colon);
  auto tag = colon == std::string_view::npos ? std::string_view("latest") : name.substr(colon + 1);
  auto tag_ok = std::all_of(tag.begin(), tag.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '.' || c == '-';
  });
  // Upper case may stand in a registry's name only, before the first slash.
  auto first = path.find('/');
  auto repository = first == std::string_view::npos ? path : path.substr(first + 1);
  auto path_ok = std::all_of(repository.begin(), repository.end(), [](unsigned char c) {
    return std::islower(c) || std::isdigit(c) || c == '/' || c == '_' || c == '.' || c == '-';
  });
  auto host_ok = std::all_of(path.begin(), path.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '/' || c == '_' || c == '.' || c == '-' || c == ':';
  });
  if (!tag_ok || !path_ok || !host_ok || path.empty() || path.find("//") != std::string_view::npos)
    return bad();
  return {};
}

} // namespace troupe::kubelet
