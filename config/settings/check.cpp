#include "config/settings/settings.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <optional>

namespace troupe::settings {
namespace {

/// Collects what is wrong, one cause per key.
class findings {
public:
  void expect(bool holds, std::string_view key, std::string_view rule) {
    if (holds)
      return;
    why_.causes.push_back({std::string{key}, "FieldValueInvalid", std::string{rule}});
    why_.message += (why_.message.empty() ? "" : "; ") + std::string{key} + " " + std::string{rule};
  }
  result<void> outcome() && {
    if (why_.causes.empty())
      return {};
    why_.reason = reason::invalid;
    return std::move(why_);
  }

private:
  failure why_;
};

struct network {
  int family = AF_INET;
  std::array<unsigned char, 16> address{};
  unsigned bits = 0;
};

std::optional<network> parse_address(const std::string& text) {
  network out;
  for (int family : {AF_INET, AF_INET6}) {
    out.family = family;
    if (inet_pton(family, text.c_str(), out.address.data()) == 1) {
      out.bits = family == AF_INET ? 32 : 128;
      return out;
    }
  }
  return std::nullopt;
}

std::optional<network> parse_cidr(const std::string& text) {
  auto slash = text.find('/');
  if (slash == std::string::npos)
    return std::nullopt;
  auto out = parse_address(text.substr(0, slash));
  unsigned bits = 0;
  auto [end, error] = std::from_chars(text.data() + slash + 1, text.data() + text.size(), bits);
  if (!out || error != std::errc{} || end != text.data() + text.size() || bits > out->bits)
    return std::nullopt;
  out->bits = bits;
  return out;
}

/// Whether both have the same first bits, as many as the shorter prefix has.
bool overlap(const network& a, const network& b) {
  if (a.family != b.family)
    return false;
  for (unsigned i = 0; i < std::min(a.bits, b.bits); ++i) {
    auto mask = 0x80U >> (i % 8);
    if ((a.address[i / 8] & mask) != (b.address[i / 8] & mask))
      return false;
  }
  return true;
}

bool is_name(const std::string& text) {
  return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-'
         && std::all_of(text.begin(), text.end(), [](char c) {
              return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
            });
}

void check_networks(const networks& net, findings& f) {
  auto pods = parse_cidr(net.pod_cidr);
  auto services = parse_cidr(net.service_cidr);
  auto dns = parse_address(net.dns_address);
  f.expect(pods.has_value(), "clusterCIDR", "must be a network such as 10.244.0.0/16");
  f.expect(services.has_value(), "serviceClusterIPRange", "must be a network such as 10.96.0.0/12");
  if (pods && services)
    f.expect(!overlap(*pods, *services), "serviceClusterIPRange", "must not overlap clusterCIDR");
  if (pods)
    f.expect(net.node_mask > pods->bits && net.node_mask <= (pods->family == AF_INET ? 30 : 126),
             "nodeCIDRMaskSize", "must be longer than clusterCIDR's and leave room for pods");
  if (services)
    f.expect(dns && overlap(*dns, *services), "clusterDNS",
             "must be an address of serviceClusterIPRange");
  f.expect(net.node_port_first > 0 && net.node_port_first <= net.node_port_last,
           "serviceNodePortRange", "must be FIRST-LAST with 0 < FIRST <= LAST");
  f.expect(!net.dns_domain.empty(), "clusterDomain", "must be given");
}

void check_links(const links& link, findings& f) {
  f.expect(link.heartbeat >= 10ms, "linkHeartbeatInterval", "must be at least 10ms");
  f.expect(link.dead_after >= 2 * link.heartbeat, "linkDeadAfter",
           "must be at least twice linkHeartbeatInterval");
}

/// HOST:PORT, without a scheme.
bool is_host_and_port(const std::string& text) {
  auto colon = text.rfind(':');
  std::uint16_t port = 0;
  if (colon == std::string::npos || colon == 0 || text.find('/') != std::string::npos)
    return false;
  const auto* end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data() + colon + 1, end, port);
  return error == std::errc{} && stop == end && port > 0;
}

void check_etcd(const master& m, findings& f) {
  for (const auto& server : m.etcd_servers)
    f.expect(is_host_and_port(server), "etcdServers", "must be HOST:PORT,HOST:PORT,...");
  f.expect(m.etcd_cert_file.empty() == m.etcd_key_file.empty(), "etcdKeyFile",
           "must be given with etcdCertFile, or neither");
  f.expect(m.etcd_cert_file.empty() || !m.etcd_ca_file.empty(), "etcdCAFile",
           "must be given with etcdCertFile");
  const auto& prefix = m.etcd_prefix;
  f.expect(prefix.size() >= 2 && prefix.front() == '/' && prefix.back() != '/', "etcdPrefix",
           "must be a path such as /troupe");
  f.expect(m.etcd_lease >= 2s && m.etcd_lease <= 1min, "etcdLeaseDuration",
           "must be within 2s and 1m");
}

void check_master(const master& m, findings& f) {
  check_networks(m.net, f);
  check_links(m.link, f);
  f.expect(m.election_timeout >= 50ms && m.election_timeout <= 1min, "electionTimeout",
           "must be within 50ms and 1m");
  f.expect(m.raft_heartbeat > 0ms && 2 * m.raft_heartbeat <= m.election_timeout,
           "raftHeartbeatInterval", "must be at most half of electionTimeout");
  f.expect(m.compact_after >= 1s, "compactionInterval", "must be at least 1s");
  f.expect(m.snapshot_entries >= 100, "snapshotEntries", "must be at least 100");
  f.expect(m.io_threads >= 1 && m.io_threads <= 64, "ioThreads", "must be within 1 and 64");
  f.expect(m.actor_threads >= 1 && m.actor_threads <= 64, "actorThreads",
           "must be within 1 and 64");
  f.expect(m.max_requests > 0, "maxRequestsInflight", "must not be 0");
  f.expect(m.max_mutating > 0, "maxMutatingRequestsInflight", "must not be 0");
  f.expect(m.node_monitor_period > 0s, "nodeMonitorPeriod", "must not be 0");
  f.expect(m.node_monitor_grace > m.node_monitor_period, "nodeMonitorGracePeriod",
           "must be longer than nodeMonitorPeriod");
  f.expect(m.hard_affinity_weight <= 100, "hardPodAffinityWeight", "must be within 0 and 100");
  f.expect(m.score_percentage <= 100, "percentageOfNodesToScore", "must be within 0 and 100");
  f.expect(m.backoff_initial > 0s && m.backoff_initial <= m.backoff_max, "podInitialBackoffSeconds",
           "must be more than 0 and at most podMaxBackoffSeconds");
  check_etcd(m, f);
  f.expect(m.trace_bytes >= 64U << 10, "traceBufferSize", "must be at least 65536");
}

void check_node(const node& n, findings& f) {
  check_networks(n.net, f);
  check_links(n.link, f);
  f.expect(n.address.empty() || parse_address(n.address), "nodeIP", "must be an address");
  f.expect(n.status_update > 0s && n.status_update < n.lease_duration, "nodeStatusUpdateFrequency",
           "must be shorter than nodeLeaseDurationSeconds");
  f.expect(n.max_pods > 0, "maxPods", "must not be 0");
  f.expect(n.image_gc_low < n.image_gc_high && n.image_gc_high <= 100, "imageGCLowThresholdPercent",
           "must be below imageGCHighThresholdPercent");
  f.expect(n.log_max_files >= 2, "containerLogMaxFiles", "must be at least 2");
  f.expect(n.oci_runtime == "runc" || n.oci_runtime == "crun", "ociRuntime",
           "must be runc or crun");
  f.expect(n.join_ca_hash.empty() || n.join_ca_hash.starts_with("sha256:"),
           "discoveryTokenCACertHash", "must be sha256:HEX");
  f.expect(n.join_token.empty() || n.join_token.find('.') == 6, "token", "must be ID.SECRET");
  f.expect(n.io_threads >= 1 && n.io_threads <= 64, "ioThreads", "must be within 1 and 64");
  f.expect(n.actor_threads >= 1 && n.actor_threads <= 64, "actorThreads",
           "must be within 1 and 64");
  constexpr std::array<std::string_view, 6> schedulers = {"rr", "lc", "dh", "sh", "sed", "nq"};
  f.expect(std::find(schedulers.begin(), schedulers.end(), n.ipvs_scheduler) != schedulers.end(),
           "ipvsScheduler", "must be rr, lc, dh, sh, sed or nq");
  for (const auto& one : n.not_masqueraded)
    f.expect(parse_cidr(one).has_value(), "nonMasqueradeCIDRs", "must be networks");
}

} // namespace

std::string first_service_address(const networks& net) {
  auto services = parse_cidr(net.service_cidr);
  if (!services)
    return {};
  services->address[services->family == AF_INET ? 3 : 15] |= 1;
  char text[INET6_ADDRSTRLEN];
  return inet_ntop(services->family, services->address.data(), text, sizeof(text));
}

result<void> check(const master& what) {
  findings f;
  f.expect(is_name(what.name), "name", "must be a DNS name in lower case");
  f.expect(!what.data_dir.empty(), "dataDir", "must be given");
  f.expect(parse_address(what.bind_address).has_value(), "bindAddress", "must be an address");
  check_master(what, f);
  return std::move(f).outcome();
}

result<void> check(const node& what) {
  findings f;
  f.expect(is_name(what.name), "name", "must be a DNS name in lower case");
  f.expect(!what.data_dir.empty(), "dataDir", "must be given");
  f.expect(parse_address(what.bind_address).has_value(), "bindAddress", "must be an address");
  check_node(what, f);
  return std::move(f).outcome();
}

result<void> check(const up& what) {
  findings f;
  f.expect(what.masters == 1 || what.masters == 3 || what.masters == 5, "masters",
           "must be 1, 3 or 5");
  f.expect(what.nodes <= 10000, "nodes", "must be at most 10000");
  f.expect(what.balancers >= 1 && what.balancers <= 16, "balancers", "must be within 1 and 16");
  constexpr std::array<std::string_view, 5> known = {"dns", "ingress", "dashboard", "metrics",
                                                     "policy"};
  for (const auto& addon : what.addons)
    f.expect(std::find(known.begin(), known.end(), addon) != known.end(), "addons",
             "must be of dns, ingress, dashboard, metrics, policy");
  f.expect(parse_cidr(what.fabric_cidr).has_value(), "fabricCIDR", "must be a network");
  check_master(what.master, f);
  check_node(what.node, f);
  return std::move(f).outcome();
}

} // namespace troupe::settings
