#include "netd/podnet/plan.hpp"

#include "config/api/views/node.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <set>

namespace troupe::netd {
namespace {

struct subnet {
  std::uint32_t base = 0;
  int bits = 0;
  std::uint32_t mask() const { return bits == 0 ? 0 : ~std::uint32_t{0} << (32 - bits); }
};

std::optional<std::uint32_t> parse_address(const std::string& text) {
  in_addr parsed{};
  if (inet_pton(AF_INET, text.c_str(), &parsed) != 1)
    return std::nullopt;
  return ntohl(parsed.s_addr);
}

/// Nothing unless it is "ADDRESS/BITS" without host bits.
std::optional<subnet> parse_subnet(const std::string& text) {
  auto slash = text.find('/');
  if (slash == std::string::npos)
    return std::nullopt;
  auto base = parse_address(text.substr(0, slash));
  int bits = -1;
  auto [end, error] = std::from_chars(text.data() + slash + 1, text.data() + text.size(), bits);
  if (!base || error != std::errc{} || end != text.data() + text.size() || bits < 0 || bits > 32)
    return std::nullopt;
  subnet out{.base = *base, .bits = bits};
  if ((out.base & ~out.mask()) != 0)
    return std::nullopt;
  return out;
}

bool contains(const subnet& outer, const subnet& inner) {
  return inner.bits >= outer.bits && (inner.base & outer.mask()) == outer.base;
}

bool is_pod_subnet(const podnet_options& o, const std::string& text) {
  auto cluster = parse_subnet(o.cluster_cidr);
  auto one = parse_subnet(text);
  return cluster && one && contains(*cluster, *one);
}

} // namespace

std::optional<node_network> network_of(const api::object& node) {
  auto view = views::node::from(node);
  if (!view || !parse_subnet(view->pod_cidr) || !parse_address(view->internal_ip))
    return std::nullopt;
  return node_network{.address = view->internal_ip, .pod_cidr = view->pod_cidr};
}

podnet_plan plan_pod_network(const podnet_options& o,
                             const std::map<std::string, node_network>& nodes) {
  podnet_plan out;
  std::set<std::string> taken; // should a subnet ever be given twice: ours, then the first by name
  if (auto self = nodes.find(o.node);
      self != nodes.end() && is_pod_subnet(o, self->second.pod_cidr)) {
    out.self = self->second;
    taken.insert(self->second.pod_cidr);
  }
  for (const auto& [name, n] : nodes) {
    bool here = name == o.node || (out.self && n.address == out.self->address);
    if (!here && is_pod_subnet(o, n.pod_cidr) && taken.insert(n.pod_cidr).second)
      out.routes.push_back({.destination = n.pod_cidr, .via = n.address, .device = {}});
  }
  return out;
}

std::string cni_config(const podnet_options& o, const std::string& pod_cidr, std::uint32_t mtu) {
  using nlohmann::json;
  json ranges = json::array({json::array({{{"subnet", pod_cidr}}})});
  json ipam{{"type", "host-local"},
            {"dataDir", o.ipam_dir},
            {"ranges", std::move(ranges)},
            {"routes", json::array({{{"dst", "0.0.0.0/0"}}})}};
  json bridge{{"type", "bridge"},     {"bridge", o.bridge},     {"isGateway", true},
              {"forceAddress", true}, // a node that got another subnet changes the bridge's address
              {"ipMasq", false},      // the proxy's table does it, knowing what is exempt
              {"hairpinMode", true},  // a pod reaches itself by its Service
              {"mtu", mtu},           {"ipam", std::move(ipam)}};
  json portmap{{"type", "portmap"}, {"capabilities", {{"portMappings", true}}}};
  json out{{"cniVersion", "0.4.0"},
           {"name", "troupe"},
           {"plugins", json::array({std::move(bridge), std::move(portmap)})}};
  return out.dump(2) + '\n';
}

route_difference differ(const podnet_options& o, const std::vector<host::route>& own,
                        const std::vector<host::route>& wanted) {
  route_difference out;
  auto to = [](const std::string& destination) {
    return [&destination](const host::route& r) { return r.destination == destination; };
  };
  for (const auto& r : wanted) {
    auto there = std::find_if(own.begin(), own.end(), to(r.destination));
    if (there == own.end() || there->via != r.via)
      out.set.push_back(r);
  }
  for (const auto& r : own)
    if (is_pod_subnet(o, r.destination)
        && std::none_of(wanted.begin(), wanted.end(), to(r.destination)))
      out.gone.push_back(r.destination);
  return out;
}

} // namespace troupe::netd
