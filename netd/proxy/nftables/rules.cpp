#include "netd/proxy/nftables/rules.hpp"

namespace troupe::netd {
namespace {

std::string number(std::size_t n) { return std::to_string(n); }

/// Adds a route's endpoints under `key`: to the verdict map and to the map of their count.
void add_endpoints(ruleset& out, const service_route& r, const std::string& key,
                   const std::string& verdicts, const std::string& maps) {
  auto count = r.endpoints.size();
  out.counts.insert(count);
  out.elements[verdicts][key] = "goto " + maps + number(count);
  auto& map = out.elements[maps + "e" + number(count)];
  for (std::size_t i = 0; i < count; ++i)
    map[key + " . " + number(i)] = r.endpoints[i].ip + " . " + number(r.endpoints[i].port);
}

std::string element_script(const nft_options& o, const char* order, const std::string& name,
                           const std::map<std::string, std::string>& elements) {
  std::string out = std::string{order} + " element ip " + o.table + " " + name + " { ";
  bool first = true;
  for (const auto& [key, value] : elements) {
    if (!first)
      out += ", ";
    first = false;
    out += key;
    if (!value.empty())
      out += " : " + value;
  }
  return out + " }\n";
}

/// What is in `from` and not, or with another value, in `to`.
std::map<std::string, std::string> missing(const std::map<std::string, std::string>& from,
                                           const std::map<std::string, std::string>& to) {
  std::map<std::string, std::string> out;
  for (const auto& [key, value] : from) {
    auto there = to.find(key);
    if (there == to.end() || there->second != value)
      out.emplace(key, value);
  }
  return out;
}

const std::map<std::string, std::string>& elements_of(const ruleset& rules,
                                                      const std::string& name) {
  static const std::map<std::string, std::string> none;
  auto found = rules.elements.find(name);
  return found == rules.elements.end() ? none : found->second;
}

/// The chain and map of one endpoint count, for cluster IPs (s) and for node ports (n).
std::string count_script(const nft_options& o, std::size_t count) {
  auto k = number(count);
  auto pick = "numgen random mod " + k;
  auto table = "ip " + o.table;
  return "add map " + table + " se" + k + " { typeof ip daddr . ip protocol . th dport . " + pick
         + " : ip daddr . th dport; }\n"          //
         + "add chain " + table + " s" + k + "\n" //
         + "add rule " + table + " s" + k + " dnat ip to ip daddr . ip protocol . th dport . "
         + pick + " map @se" + k + "\n" //
         + "add map " + table + " ne" + k + " { typeof ip protocol . th dport . " + pick
         + " : ip daddr . th dport; }\n"                                           //
         + "add chain " + table + " n" + k + "\n"                                  //
         + "add rule " + table + " n" + k + " meta mark set meta mark or 0x4000\n" //
         + "add rule " + table + " n" + k + " dnat ip to ip protocol . th dport . " + pick
         + " map @ne" + k + "\n";
}

} // namespace

ruleset rules(const std::vector<service_route>& routes) {
  ruleset out;
  for (const auto& r : routes) {
    auto port = std::string{text(r.over)} + " . " + number(r.port);
    auto node_port = std::string{text(r.over)} + " . " + number(r.node_port);
    if (r.endpoints.empty()) {
      // Nothing to translate to: the packet keeps its destination and is refused by the filter.
      if (r.node_port != 0)
        out.elements["refused"][node_port];
      continue;
    }
    add_endpoints(out, r, r.cluster_ip + " . " + port, "services", "s");
    if (r.node_port != 0)
      add_endpoints(out, r, node_port, "nodeports", "n");
    for (const auto& e : r.endpoints)
      out.elements["hairpin"][e.ip + " . " + e.ip];
  }
  return out;
}

std::string base_script(const nft_options& o) {
  auto table = "ip " + o.table;
  std::string exempt = o.cluster_cidr;
  for (const auto& range : o.no_masquerade)
    exempt += ", " + range;
  return "add table " + table + "\ndelete table " + table + "\nadd table " + table + "\n" //
         + "table " + table + " {\n"
         + "  map services { type ipv4_addr . inet_proto . inet_service : verdict; }\n"
         + "  map nodeports { type inet_proto . inet_service : verdict; }\n"
         + "  set refused { type inet_proto . inet_service; }\n"
         + "  set hairpin { type ipv4_addr . ipv4_addr; }\n"
         + "  set exempt { type ipv4_addr; flags interval; auto-merge; elements = { " + exempt
         + " } }\n" + "  chain dispatch {\n"
         + "    ip daddr . ip protocol . th dport vmap @services\n"
         + "    ip daddr != 127.0.0.0/8 fib daddr type local ip protocol . th dport vmap "
           "@nodeports\n  }\n"
         + "  chain prerouting { type nat hook prerouting priority -100; jump dispatch; }\n"
         + "  chain output { type nat hook output priority -100; jump dispatch; }\n"
         + "  chain postrouting {\n    type nat hook postrouting priority 100;\n"
         + "    ct status dnat ip saddr . ip daddr @hairpin masquerade\n"
         + "    ct status dnat meta mark & 0x4000 != 0 masquerade\n"
         + "    ct status dnat ct original ip daddr " + o.service_cidr
         + " ip saddr != " + o.cluster_cidr + " masquerade\n" + "    ip saddr " + o.cluster_cidr
         + " ip daddr != @exempt fib saddr type != local masquerade\n  }\n" + "  chain refuse {\n"
         + "    ip daddr " + o.service_cidr + " meta l4proto tcp reject with tcp reset\n"
         + "    ip daddr " + o.service_cidr
         + " meta l4proto != icmp reject with icmp type port-unreachable\n" + "    ip daddr "
         + o.service_cidr + " drop\n  }\n"
         + "  chain forward { type filter hook forward priority 0; jump refuse; }\n"
         + "  chain filter_output { type filter hook output priority 0; jump refuse; }\n"
         + "  chain input {\n    type filter hook input priority 0; jump refuse;\n"
         + "    ip protocol . th dport @refused meta l4proto tcp reject with tcp reset\n"
         + "    ip protocol . th dport @refused reject\n  }\n}\n";
}

std::string change_script(const nft_options& o, const ruleset& from, const ruleset& to) {
  std::string out;
  for (auto count : to.counts)
    if (!from.counts.contains(count))
      out += count_script(o, count);
  std::set<std::string> names;
  for (const auto* side : {&from, &to})
    for (const auto& [name, elements] : side->elements)
      names.insert(name);
  // Verdicts lead to endpoints: take verdicts away first, add them last.
  std::string removed;
  std::string added;
  for (const auto& name : names) {
    bool verdict = name == "services" || name == "nodeports";
    if (auto gone = missing(elements_of(from, name), elements_of(to, name)); !gone.empty()) {
      auto line = element_script(o, "delete", name, gone);
      removed = verdict ? line + removed : removed + line;
    }
    if (auto fresh = missing(elements_of(to, name), elements_of(from, name)); !fresh.empty()) {
      auto line = element_script(o, "add", name, fresh);
      added = verdict ? added + line : line + added;
    }
  }
  return out + removed + added;
}

} // namespace troupe::netd
