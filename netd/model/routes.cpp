#include "netd/model/routes.hpp"

#include "config/api/views/endpoint_slice.hpp"
#include "config/api/views/service.hpp"

#include <algorithm>
#include <arpa/inet.h>

namespace troupe::netd {
namespace {

bool is_ipv4(const std::string& text) {
  in_addr parsed{};
  return inet_pton(AF_INET, text.c_str(), &parsed) == 1;
}

std::uint16_t port_number(std::int64_t n) {
  return n > 0 && n < 65536 ? static_cast<std::uint16_t>(n) : std::uint16_t{0};
}

protocol protocol_of(std::string_view name) {
  return name == "UDP" ? protocol::udp : name == "SCTP" ? protocol::sctp : protocol::tcp;
}

std::set<ended_way> udp_ways(const std::vector<service_route>& routes) {
  std::set<ended_way> out;
  for (const auto& r : routes)
    for (const auto& e : r.endpoints) {
      if (r.over != protocol::udp)
        continue;
      out.insert({.cluster_ip = r.cluster_ip, .port = r.port, .to = e});
      if (r.node_port != 0)
        out.insert({.cluster_ip = {}, .port = r.node_port, .to = e});
    }
  return out;
}

std::set<std::string> keys_of(const auto& map) {
  std::set<std::string> out;
  for (const auto& [key, value] : map)
    out.insert(out.end(), key);
  return out;
}

} // namespace

std::string_view text(protocol p) {
  switch (p) {
  case protocol::tcp: return "tcp";
  case protocol::udp: return "udp";
  case protocol::sctp: return "sctp";
  }
  return "tcp";
}

std::string key_of(const api::object& o) { return o.meta.ns + '/' + o.meta.name; }

void route_changes::add(route_changes newer) {
  if (newer.whole) {
    *this = std::move(newer);
    return;
  }
  for (auto& [key, routes] : newer.services)
    services[key] = std::move(routes);
}

std::set<ended_way> ended_ways(const std::vector<service_route>& before,
                               const std::vector<service_route>& after) {
  auto out = udp_ways(before);
  for (const auto& way : udp_ways(after))
    out.erase(way);
  return out;
}

void route_table::put_service(const api::object& o) {
  auto key = key_of(o);
  auto view = views::service::from(o);
  if (!view || view->type == "ExternalName" || !is_ipv4(view->cluster_ip))
    return remove_service(key);
  service made{.cluster_ip = view->cluster_ip, .ports = {}};
  for (const auto& p : view->ports)
    made.ports.push_back({.name = p.name,
                          .over = protocol_of(p.protocol),
                          .number = port_number(p.port),
                          .node_port = port_number(p.node_port)});
  services_[key] = std::move(made);
  touched_.insert(std::move(key));
}

void route_table::remove_service(const std::string& key) {
  if (services_.erase(key) != 0)
    touched_.insert(key);
}

void route_table::put_slice(const api::object& o) {
  auto key = key_of(o);
  remove_slice(key);
  auto of = o.meta.labels.find("kubernetes.io/service-name");
  auto view = views::endpoint_slice::from(o);
  if (of == o.meta.labels.end() || !view || view->address_type != "IPv4")
    return;
  slice made{.of = o.meta.ns + '/' + of->second, .ports = {}, .ready = {}, .serving = {}};
  for (const auto& p : view->ports)
    made.ports.push_back({.name = p.name,
                          .over = protocol_of(p.protocol),
                          .number = port_number(p.port),
                          .node_port = 0});
  for (const auto& e : view->endpoints)
    if (is_ipv4(e.address) && (e.ready || e.serving))
      (e.ready ? made.ready : made.serving).push_back(e.address);
  touched_.insert(made.of);
  slices_of_[made.of].insert(key);
  slices_[std::move(key)] = std::move(made);
}

void route_table::remove_slice(const std::string& key) {
  auto found = slices_.find(key);
  if (found == slices_.end())
    return;
  const auto& of = found->second.of;
  touched_.insert(of);
  auto siblings = slices_of_.find(of);
  siblings->second.erase(key);
  if (siblings->second.empty())
    slices_of_.erase(siblings);
  slices_.erase(found);
}

std::set<std::string> route_table::services() const { return keys_of(services_); }
std::set<std::string> route_table::slices() const { return keys_of(slices_); }

std::vector<endpoint> route_table::endpoints_of(const std::string& key, const port& p) const {
  auto members = slices_of_.find(key);
  if (members == slices_of_.end())
    return {};
  std::vector<endpoint> ready;
  std::vector<endpoint> serving;
  for (const auto& member : members->second) {
    const auto& s = slices_.at(member);
    for (const auto& target : s.ports) {
      if (target.name != p.name || target.over != p.over || target.number == 0)
        continue;
      for (const auto& ip : s.ready)
        ready.push_back({.ip = ip, .port = target.number});
      for (const auto& ip : s.serving)
        serving.push_back({.ip = ip, .port = target.number});
    }
  }
  auto& out = ready.empty() ? serving : ready;
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return std::move(out);
}

std::vector<service_route> route_table::routes_of(const std::string& key, const service& s) const {
  std::vector<service_route> out;
  for (const auto& p : s.ports) {
    if (p.number == 0)
      continue;
    out.push_back({.name = key + ':' + p.name,
                   .cluster_ip = s.cluster_ip,
                   .over = p.over,
                   .port = p.number,
                   .node_port = p.node_port,
                   .endpoints = endpoints_of(key, p)});
  }
  return out;
}

route_changes route_table::take_changes() {
  route_changes out;
  for (const auto& key : touched_) {
    auto known = services_.find(key);
    auto made = std::make_shared<const std::vector<service_route>>(
      known == services_.end() ? std::vector<service_route>{} : routes_of(key, known->second));
    auto before = routes_.find(key);
    if (before == routes_.end() ? made->empty() : *before->second == *made)
      continue;
    if (made->empty())
      routes_.erase(key);
    else
      routes_[key] = made;
    out.services.emplace(key, std::move(made));
  }
  touched_.clear();
  return out;
}

std::vector<service_route> route_table::all() const {
  std::vector<service_route> out;
  for (const auto& [key, s] : services_)
    for (auto& route : routes_of(key, s))
      out.push_back(std::move(route));
  return out;
}

} // namespace troupe::netd
