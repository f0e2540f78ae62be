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

void nft_elements::put(const std::string& service, const std::vector<service_route>& routes) {
  auto made = rules(routes);
  auto& before = services_[service];
  for (const auto& [name, elements] : before.elements)
    for (const auto& [key, value] : elements) {
      elements_[{name, key}].wanted.erase(service);
      touched_.emplace(name, key);
    }
  for (const auto& [name, elements] : made.elements)
    for (const auto& [key, value] : elements) {
      elements_[{name, key}].wanted[service] = value;
      touched_.emplace(name, key);
    }
  counts_.insert(made.counts.begin(), made.counts.end());
  if (made.elements.empty())
    services_.erase(service);
  else
    before = std::move(made);
}

std::set<std::string> nft_elements::services() const {
  std::set<std::string> out;
  for (const auto& [service, elements] : services_)
    out.insert(out.end(), service);
  return out;
}

std::string nft_elements::change_script(const nft_options& o) const {
  std::string out;
  for (auto count : counts_)
    if (!shown_counts_.contains(count))
      out += count_script(o, count);
  std::map<std::string, std::map<std::string, std::string>> gone;
  std::map<std::string, std::map<std::string, std::string>> fresh;
  for (const auto& at : touched_) {
    const auto& e = elements_.at(at);
    const auto* value = e.wanted.empty() ? nullptr : &e.wanted.begin()->second;
    if (value ? e.shown == *value : !e.shown)
      continue;
    if (e.shown)
      gone[at.first].emplace(at.second, *e.shown);
    if (value)
      fresh[at.first].emplace(at.second, *value);
  }
  // Verdicts lead to endpoints: take verdicts away first, add them last.
  auto scripts = [&](const char* order, const auto& maps, bool verdicts) {
    for (const auto& [name, elements] : maps)
      if ((name == "services" || name == "nodeports") == verdicts)
        out += element_script(o, order, name, elements);
  };
  scripts("delete", gone, true);
  scripts("delete", gone, false);
  scripts("add", fresh, false);
  scripts("add", fresh, true);
  return out;
}

void nft_elements::applied() {
  shown_counts_ = counts_;
  for (const auto& at : touched_) {
    auto found = elements_.find(at);
    if (found->second.wanted.empty())
      elements_.erase(found);
    else
      found->second.shown = found->second.wanted.begin()->second;
  }
  touched_.clear();
}

void nft_elements::lost() {
  shown_counts_.clear();
  counts_.clear();
  for (const auto& [service, made] : services_)
    counts_.insert(made.counts.begin(), made.counts.end());
  touched_.clear();
  std::erase_if(elements_, [](const auto& e) { return e.second.wanted.empty(); });
  for (auto& [at, e] : elements_) {
    e.shown.reset();
    touched_.insert(touched_.end(), at);
  }
}

} // namespace troupe::netd
