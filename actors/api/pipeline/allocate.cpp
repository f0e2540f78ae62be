// Cluster IPs and node ports: keys in the store, taken and given back in the Service's own
// transaction.
#include "actors/api/pipeline/change.hpp"
#include "actors/api/rules/rules.hpp"

#include <charconv>
#include <set>

namespace troupe::pipeline {
namespace {

using ports = std::set<std::uint16_t>;
using rules::field_path;

constexpr int random_probes = 64;
constexpr std::uint32_t most_probes = 1 << 16;

bool is_service(const context& c) { return c.of.group.empty() && c.of.plural == "services"; }

std::optional<std::uint32_t> parse_ipv4(std::string_view text) {
  std::uint32_t out = 0;
  for (int i = 0; i < 4; ++i) {
    std::uint32_t part = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), part);
    auto used = static_cast<std::size_t>(end - text.data());
    if (error != std::errc{} || part > 255 || used > 3 || (used > 1 && text[0] == '0'))
      return std::nullopt;
    out = (out << 8) | part;
    text.remove_prefix(used);
    if (i < 3) {
      if (text.empty() || text[0] != '.')
        return std::nullopt;
      text.remove_prefix(1);
    }
  }
  return text.empty() ? std::optional{out} : std::nullopt;
}

std::string format_ipv4(std::uint32_t a) {
  return std::to_string(a >> 24) + "." + std::to_string((a >> 16) & 0xff) + "."
         + std::to_string((a >> 8) & 0xff) + "." + std::to_string(a & 0xff);
}

/// A range to take from. Its lower band is left for explicit wishes (KEP-3070).
struct pool {
  std::uint32_t first = 0;
  std::uint32_t size = 0;
  std::uint32_t band = 0;
};

/// The usable addresses of a CIDR: without the network's own and the broadcast address.
pool address_pool(const std::string& cidr) {
  auto slash = cidr.find('/');
  auto base = parse_ipv4(std::string_view{cidr}.substr(0, slash));
  auto bits = slash == cidr.npos ? 32 : std::atoi(cidr.c_str() + slash + 1);
  invariant(base && bits >= 8 && bits <= 30, "the service CIDR is an IPv4 range of /8 to /30");
  auto all = std::uint32_t{1} << (32 - bits);
  auto usable = all - 2;
  return {(*base & ~(all - 1)) + 1, usable,
          std::min(std::min(std::max(16U, all / 16), 256U), usable / 2)};
}

pool port_pool(const settings& s) {
  auto size = static_cast<std::uint32_t>(s.node_port_last - s.node_port_first) + 1;
  auto band = size < 16 ? 0 : std::min(std::max(16U, size / 32), 128U);
  return {s.node_port_first, size, band};
}

/// A free number of the pool: at random, then by searching, the band last.
template <class Free>
std::optional<std::uint32_t> pick(const pool& from, random_source& random, Free free) {
  auto span = from.size - from.band;
  for (int i = 0; i < random_probes; ++i)
    if (auto n = from.first + from.band + static_cast<std::uint32_t>(random.below(span)); free(n))
      return n;
  auto start = static_cast<std::uint32_t>(random.below(span));
  for (std::uint32_t i = 0; i < from.size && i < most_probes; ++i)
    if (auto n = from.first + (from.band + start + i) % from.size; free(n))
      return n;
  return std::nullopt;
}

std::string address_of(const json* service) {
  if (!service)
    return {};
  auto address = service->at("spec").value("clusterIP", "");
  return address == "None" ? "" : address;
}

ports ports_of(const json* service) {
  ports out;
  if (!service)
    return out;
  const auto& spec = service->at("spec");
  for (const auto& port : spec.value("ports", json::array()))
    if (auto n = port.value("nodePort", 0); n > 0)
      out.insert(static_cast<std::uint16_t>(n));
  if (auto n = spec.value("healthCheckNodePort", 0); n > 0)
    out.insert(static_cast<std::uint16_t>(n));
  return out;
}

bool wants_node_ports(const json& spec) {
  auto type = spec.value("type", "ClusterIP");
  return type == "NodePort"
         || (type == "LoadBalancer" && spec.value("allocateLoadBalancerNodePorts", true));
}

bool wants_health_port(const json& spec) {
  return spec.value("type", "") == "LoadBalancer"
         && spec.value("externalTrafficPolicy", "") == "Local";
}

/// One call of allocate(): what is taken and given back.
struct allocator {
  context& c;
  store::transaction& tx;
  rules::field_errors errors;
  std::string owner;

  void take(std::string key) {
    tx.when.push_back({.what = store::predicate::test::absent, .key = key, .at = {}});
    tx.then.push_back({.what = store::operation::kind::put, .key = std::move(key), .value = owner});
  }
  void give_back(std::string key) {
    tx.then.push_back({.what = store::operation::kind::erase, .key = std::move(key), .value = {}});
  }

  void address(json& spec, const std::string& had) {
    auto from = address_pool(c.env.set.service_cidr);
    auto wish = spec.value("clusterIP", "");
    if (wish == had && !had.empty())
      return;
    auto refuse = [&](const std::string& why) {
      errors.invalid(field_path{"spec.clusterIPs"}, json::array({wish}),
                     "failed to allocate IP " + wish + ": " + why);
    };
    if (!wish.empty()) {
      auto number = parse_ipv4(wish);
      if (!number)
        return; // validation has said so
      if (*number < from.first || *number - from.first >= from.size)
        return refuse("the provided IP (" + wish
                      + ") is not in the valid range. The range of valid IPs is "
                      + c.env.set.service_cidr);
      if (c.view.get(cluster_ip_key(wish)))
        return refuse("provided IP is already allocated");
    } else {
      auto chosen = pick(from, c.env.random, [&](std::uint32_t n) {
        return !c.view.get(cluster_ip_key(format_ipv4(n)));
      });
      if (!chosen)
        return errors.invalid(field_path{"spec.clusterIPs"}, json::array(),
                              "failed to allocate a service IP: range is full");
      wish = format_ipv4(*chosen);
    }
    spec["clusterIP"] = wish;
    take(cluster_ip_key(wish));
  }

  /// Takes the port of one field: the one wished for, or any.
  void port(json& holder, const char* field, const field_path& at, const ports& had, ports& have) {
    auto from = port_pool(c.env.set);
    auto wish = holder.value(field, 0);
    auto taken = [&](std::uint32_t n) {
      return c.view.get(node_port_key(static_cast<std::uint16_t>(n))) != nullptr;
    };
    if (wish == 0) {
      auto chosen = pick(from, c.env.random, [&](std::uint32_t n) {
        return !have.contains(static_cast<std::uint16_t>(n)) && !taken(n);
      });
      if (!chosen)
        return errors.invalid(at, wish, "failed to allocate a nodePort: range is full");
      wish = static_cast<int>(*chosen);
      holder[field] = wish;
    }
    auto number = static_cast<std::uint16_t>(wish);
    if (have.contains(number)) // the same number under another protocol
      return;
    if (!had.contains(number)) {
      if (wish < static_cast<int>(from.first) || wish >= static_cast<int>(from.first + from.size))
        return errors.invalid(
          at, wish,
          "provided port is not in the valid range. The range of valid ports is "
            + std::to_string(c.env.set.node_port_first) + "-"
            + std::to_string(c.env.set.node_port_last));
      if (taken(number))
        return errors.invalid(at, wish, "provided port is already allocated");
      take(node_port_key(number));
    }
    have.insert(number);
  }
};

/// The node port of the same port before: kept when both want one, dropped when none is wanted any
/// more.
void keep_node_port(json& port, const json& spec, const json& was) {
  auto number = [](const json& p) {
    return std::pair{p.value("port", 0), p.value("protocol", "TCP")};
  };
  for (const auto& before : was.value("ports", json::array())) {
    if (number(port) != number(before) || !before.contains("nodePort") || !wants_node_ports(was))
      continue;
    auto given = port.value("nodePort", 0);
    if (wants_node_ports(spec) && given == 0)
      port["nodePort"] = before["nodePort"];
    else if (!wants_node_ports(spec) && spec.value("type", "") != "LoadBalancer"
             && given == before["nodePort"])
      port.erase("nodePort"); // it came back only because the client had read it
  }
}

} // namespace

void keep_allocations(const context& c, json& tree, const json& old) {
  if (!is_service(c) || !tree.contains("spec") || !old.contains("spec"))
    return;
  auto& spec = tree["spec"];
  const auto& was = old["spec"];
  auto external = [](const json& s) { return s.value("type", "ClusterIP") == "ExternalName"; };
  if (!external(spec) && !external(was))
    for (const char* key : {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"})
      if ((!spec.contains(key) || spec[key].empty() || spec[key] == "") && was.contains(key))
        spec[key] = was[key];
  if (spec.contains("ports"))
    for (auto& port : spec["ports"])
      keep_node_port(port, spec, was);
  if (wants_health_port(spec) && wants_health_port(was)
      && spec.value("healthCheckNodePort", 0) == 0)
    spec["healthCheckNodePort"] = was.value("healthCheckNodePort", 0);
  if (!wants_health_port(spec))
    spec.erase("healthCheckNodePort");
}

result<void> allocate(context& c, json* tree, const json* old, store::transaction& tx) {
  if (!is_service(c))
    return {};
  auto had_address = address_of(old);
  auto had_ports = ports_of(old);
  ports have_ports;
  allocator a{c, tx, {}, c.request.ns + "/" + c.request.name};
  std::string have_address;
  if (tree) {
    auto& spec = (*tree)["spec"];
    auto type = spec.value("type", "ClusterIP");
    a.owner = c.request.ns + "/" + (*tree)["metadata"].value("name", "");
    if (type == "ExternalName") {
      for (const char* key : {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"})
        spec.erase(key);
    } else {
      if (spec.value("clusterIP", "") != "None")
        a.address(spec, had_address);
      have_address = address_of(tree);
      if (spec.contains("clusterIP"))
        spec["clusterIPs"] = json::array({spec["clusterIP"]});
    }
    if (wants_node_ports(spec) && spec.contains("ports"))
      for (std::size_t i = 0; i < spec["ports"].size(); ++i)
        a.port(spec["ports"][i], "nodePort", (field_path{"spec.ports"}[i]) / "nodePort", had_ports,
               have_ports);
    if (wants_health_port(spec))
      a.port(spec, "healthCheckNodePort", field_path{"spec.healthCheckNodePort"}, had_ports,
             have_ports);
  }
  if (!had_address.empty() && had_address != have_address)
    a.give_back(cluster_ip_key(had_address));
  for (auto port : had_ports)
    if (!have_ports.contains(port))
      a.give_back(node_port_key(port));
  if (a.errors.empty())
    return {};
  return rules::invalid(c.of, tree ? (*tree)["metadata"].value("name", "") : "", a.errors);
}

} // namespace troupe::pipeline
