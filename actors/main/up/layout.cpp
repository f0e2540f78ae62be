#include "actors/main/up/layout.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cstdio>
#include <cstdlib>

namespace troupe::up {
namespace {

constexpr std::uint16_t kubelet_port = 10250;

/// FNV-1a: the same on every machine and in every version.
std::uint32_t hash_of(std::string_view text) {
  std::uint32_t h = 2166136261U;
  for (unsigned char c : text)
    h = (h ^ c) * 16777619U;
  return h;
}

/// Addresses: the fabric's first is the bridge's, masters and nodes follow in blocks of 256.
struct fabric {
  std::uint32_t base = 0; // host byte order
  int prefix = 16;
  bool loopback = false;

  std::string at(std::uint32_t block, std::uint32_t number) const {
    in_addr a{.s_addr = htonl(base + block * 256 + number)};
    char text[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, &a, text, sizeof(text));
    return text;
  }
  bool overlaps(const std::string& range) const {
    in_addr a{};
    auto slash = range.find('/');
    if (slash == std::string::npos || inet_pton(AF_INET, range.substr(0, slash).c_str(), &a) != 1)
      return false;
    auto bits = std::min(prefix, std::atoi(range.c_str() + slash + 1));
    auto mask = bits <= 0 ? 0U : ~0U << (32 - std::min(bits, 32));
    return (base & mask) == (ntohl(a.s_addr) & mask);
  }
  std::string cidr(const std::string& address) const {
    return address + "/" + std::to_string(prefix);
  }
};

result<fabric> fabric_of(const settings::up& wanted, const surroundings& here,
                         const std::string& dir) {
  if (!here.namespaces) // all of 127/8 answers on the loopback device; each cluster takes a /16 of
                        // its own
    return fabric{
      .base = (127U << 24) | ((1 + hash_of(dir) % 250) << 16), .prefix = 16, .loopback = true};
  auto slash = wanted.fabric_cidr.find('/');
  in_addr a{};
  int prefix = 0;
  if (slash == std::string::npos
      || inet_pton(AF_INET, wanted.fabric_cidr.substr(0, slash).c_str(), &a) != 1
      || std::sscanf(wanted.fabric_cidr.c_str() + slash + 1, "%d", &prefix) != 1 || prefix < 8
      || prefix > 21)
    return failure{
      .reason = reason::invalid,
      .message = "read fabricCIDR '" + wanted.fabric_cidr
                 + "': not an IPv4 range with a prefix of 8 to 21; use for example 10.222.0.0/16"};
  fabric out{.base = ntohl(a.s_addr), .prefix = prefix};
  for (const auto& range : {wanted.master.net.service_cidr, wanted.master.net.pod_cidr})
    if (out.overlaps(range))
      return failure{.reason = reason::invalid,
                     .message = "lay out the cluster: fabricCIDR " + wanted.fabric_cidr
                                + " overlaps " + range
                                + ", which is for services or pods; use for example 10.222.0.0/16"};
  return out;
}

std::string short_name(up::kind kind, std::size_t number) {
  return (kind == up::kind::master ? "m" : "n") + std::to_string(number);
}

/// The command that first makes the fresh namespaces a machine, then becomes the process.
std::vector<std::string> command_of(const layout& l, const surroundings& here, const fabric& f,
                                    const process_plan& p) {
  std::vector<std::string> own = {here.program, p.kind == up::kind::master ? "master" : "node",
                                  "--config", l.config_file(p.name)};
  if (!here.namespaces)
    return own;
  std::vector<std::string> out = {here.program,      "enter",     "--address",
                                  f.cidr(p.address), "--gateway", f.at(0, 1)};
  if (p.kind == up::kind::node) {
    out.emplace_back("--machine");
    out.insert(out.end(), {"--machine-dir", l.dir + "/" + p.name});
  }
  out.emplace_back("--");
  out.insert(out.end(), own.begin(), own.end());
  return out;
}

process_plan place(const layout& l, const surroundings& here, const fabric& f, up::kind kind,
                   std::size_t number) {
  bool master = kind == up::kind::master;
  process_plan p{.kind = kind,
                 .name = (master ? "master-" : "node-") + std::to_string(number),
                 .address = f.at(master ? 1 : 2, static_cast<std::uint32_t>(number)),
                 .port = 0,
                 .log = {},
                 .cgroup = {},
                 .command = {},
                 .apart = {}};
  p.log = l.dir + "/" + p.name + "/log";
  if (here.namespaces)
    p.apart = {.network = true,
               .mount = !master,
               .process = !master,
               .bridge = l.bridge,
               .veth = l.bridge.substr(0, 9) + "-" + short_name(kind, number)};
  p.command = command_of(l, here, f, p);
  return p;
}

void add_masters(layout& l, const settings::up& wanted, const surroundings& here, const fabric& f) {
  std::vector<settings::peer> peers;
  for (std::size_t i = 1; i <= wanted.masters; ++i) {
    auto p = place(l, here, f, up::kind::master, i);
    auto s = wanted.master;
    s.name = p.name;
    s.cluster = wanted.cluster;
    s.data_dir = l.dir + "/" + p.name;
    s.pki_dir = l.pki_dir(p.name);
    s.bind_address = s.advertise_address = p.address;
    s.public_endpoint = "127.0.0.1:" + std::to_string(l.api_port);
    p.port = s.api_port;
    peers.push_back({.name = p.name, .address = p.address + ":" + std::to_string(s.link_port)});
    l.certificates.masters.push_back(
      {.name = p.name, .dns = {p.name}, .ips = {p.address, "127.0.0.1"}});
    l.masters.push_back(std::move(s));
    l.processes.push_back(std::move(p));
  }
  for (auto& m : l.masters)
    m.masters = peers;
}

void add_nodes(layout& l, const settings::up& wanted, const surroundings& here, const fabric& f) {
  for (std::size_t i = 1; i <= wanted.nodes; ++i) {
    auto p = place(l, here, f, up::kind::node, i);
    auto s = wanted.node;
    s.name = p.name;
    s.cluster = wanted.cluster;
    s.data_dir = l.dir + "/" + p.name;
    s.pki_dir = l.pki_dir(p.name);
    s.address = s.bind_address = p.address;
    s.port = kubelet_port;
    s.masters = l.masters.front().masters;
    s.api_endpoint =
      l.masters.front().advertise_address + ":" + std::to_string(l.masters.front().api_port);
    s.net = l.masters.front().net;
    if (!here.namespaces)
      s.runtime = settings::runtime_kind::simulated; // real containers need root
    if (s.runtime == settings::runtime_kind::containerd)
      p.cgroup = s.cgroup_root = "/troupe/" + l.bridge + "/" + p.name;
    p.port = s.port;
    l.certificates.nodes.push_back({.name = p.name, .dns = {p.name}, .ips = {p.address}});
    l.nodes.push_back(std::move(s));
    l.processes.push_back(std::move(p));
  }
}

void add_balancers(layout& l, const settings::up& wanted, const surroundings& here) {
  for (std::size_t i = 1; i <= wanted.balancers; ++i) {
    process_plan p{.kind = up::kind::balancer,
                   .name = "balancer-" + std::to_string(i),
                   .address = "127.0.0.1",
                   .port = l.api_port,
                   .log = {},
                   .cgroup = {},
                   .command = {here.program, "balancer", "--listen",
                               "127.0.0.1:" + std::to_string(l.api_port), "--ca",
                               l.dir + "/pki/ca.crt"},
                   .apart = {}};
    p.log = l.dir + "/" + p.name + "/log";
    for (const auto& m : l.masters) {
      p.command.emplace_back("--backend");
      p.command.push_back(m.advertise_address + ":" + std::to_string(m.api_port));
    }
    l.processes.push_back(std::move(p));
  }
}

} // namespace

const process_plan* layout::find(std::string_view name) const {
  auto found = std::find_if(processes.begin(), processes.end(),
                            [&](const process_plan& p) { return p.name == name; });
  return found == processes.end() ? nullptr : &*found;
}

std::string bridge_name(const std::string& dir) {
  char text[16];
  std::snprintf(text, sizeof(text), "tr%08x", hash_of(dir));
  return text;
}

result<layout> plan(const settings::up& wanted, const surroundings& here) {
  if (wanted.masters > 250 || wanted.nodes > 1500)
    return failure{.reason = reason::invalid,
                   .message =
                     "plan the cluster: at most 250 masters and 1500 nodes on one machine"};
  OR_RETURN(auto f, fabric_of(wanted, here, wanted.data_dir));
  layout l{.dir = wanted.data_dir,
           .namespaces = here.namespaces,
           .api_port = here.api_port,
           .masters = {},
           .nodes = {},
           .certificates = {}};
  if (here.namespaces) {
    l.bridge = bridge_name(wanted.data_dir);
    l.bridge_cidr = f.cidr(f.at(0, 1));
  }
  add_masters(l, wanted, here, f);
  add_nodes(l, wanted, here, f);
  add_balancers(l, wanted, here);
  l.certificates.api_ips = {"127.0.0.1", settings::first_service_address(l.masters.front().net)};
  l.certificates.api_dns = {"localhost"};
  l.certificates.dns_domain = l.masters.front().net.dns_domain;
  return l;
}

} // namespace troupe::up
