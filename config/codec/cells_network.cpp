// The cells of services, endpoints, ingresses and addresses.
#include "config/codec/cells.hpp"

#include <algorithm>
#include <set>

namespace troupe::codec {

namespace {

std::vector<std::string> texts_at(element from, std::string_view path) {
  std::vector<std::string> out;
  for (auto one : list_at(from, path))
    out.push_back(plain(one));
  return out;
}

/// IPs or host names that a balancer gave, sorted.
std::vector<std::string> balancer_addresses(element object) {
  std::set<std::string> found;
  for (auto one : list_at(object, "status.loadBalancer.ingress"))
    if (auto address = text_at(one, "ip", text_at(one, "hostname")); !address.empty())
      found.emplace(address);
  return {found.begin(), found.end()};
}

void service_ip(const cell_input& in, std::string& out) {
  put_text(
    out, text_at(in.object, "spec.clusterIPs[0]", text_at(in.object, "spec.clusterIP", "<none>")));
}

void service_external(const cell_input& in, std::string& out) {
  const auto type = text_at(in.object, "spec.type");
  auto fixed = texts_at(in.object, "spec.externalIPs");
  if (type == "ClusterIP" || type == "NodePort")
    return put_text(out, fixed.empty() ? "<none>" : join(fixed));
  if (type == "ExternalName")
    return put_text(out, text_at(in.object, "spec.externalName"));
  if (type != "LoadBalancer")
    return put_text(out, "<unknown>");
  auto given = balancer_addresses(in.object);
  given.insert(given.end(), fixed.begin(), fixed.end());
  put_text(out, given.empty() ? "<pending>" : join(given));
}

void service_ports(const cell_input& in, std::string& out) {
  std::vector<std::string> parts;
  for (auto port : list_at(in.object, "spec.ports")) {
    auto text = std::to_string(number_at(port, "port"));
    if (auto node = number_at(port, "nodePort"); node > 0)
      text += ":" + std::to_string(node);
    parts.push_back(text + "/" + std::string(text_at(port, "protocol")));
  }
  put_text(out, parts.empty() ? "<none>" : join(parts));
}

std::string host_port(std::string_view address, std::int64_t port) {
  bool six = address.find(':') != std::string_view::npos;
  return (six ? "[" + std::string(address) + "]" : std::string(address)) + ":"
         + std::to_string(port);
}

void endpoints(const cell_input& in, std::string& out) {
  auto subsets = list_at(in.object, "subsets");
  if (subsets.empty())
    return put_text(out, "<none>");
  std::vector<std::string> all;
  for (auto subset : subsets) {
    auto ports = list_at(subset, "ports");
    auto addresses = list_at(subset, "addresses");
    if (ports.empty())
      for (auto address : addresses)
        all.emplace_back(text_at(address, "ip"));
    for (auto port : ports)
      for (auto address : addresses)
        all.push_back(host_port(text_at(address, "ip"), number_at(port, "port")));
  }
  put_text(out, some_of(all, 3, ""));
}

void slice_ports(const cell_input& in, std::string& out) {
  std::vector<std::string> all;
  for (auto port : list_at(in.object, "ports"))
    all.push_back(plain_at(port, "port", text_at(port, "name", "*")));
  put_text(out, some_of(all, 3, "<unset>"));
}

void slice_endpoints(const cell_input& in, std::string& out) {
  std::vector<std::string> all;
  for (auto endpoint : list_at(in.object, "endpoints"))
    for (auto address : list_at(endpoint, "addresses"))
      all.push_back(plain(address));
  put_text(out, some_of(all, 3, "<unset>"));
}

void ingress_hosts(const cell_input& in, std::string& out) {
  auto rules = list_at(in.object, "spec.rules");
  std::vector<std::string> hosts;
  bool more = false;
  for (auto rule : rules) {
    more = more || hosts.size() == 3;
    if (auto host = text_at(rule, "host"); !more && !host.empty())
      hosts.emplace_back(host);
  }
  if (hosts.empty())
    return put_text(out, "*");
  auto text = join(hosts);
  if (more)
    text += " + " + std::to_string(rules.size() - 3) + " more...";
  put_text(out, text);
}

void ingress_addresses(const cell_input& in, std::string& out) {
  put_text(out, join(balancer_addresses(in.object)));
}

void ingress_ports(const cell_input& in, std::string& out) {
  put_text(out, count_at(in.object, "spec.tls") > 0 ? "80, 443" : "80");
}

void ingress_class_parameters(const cell_input& in, std::string& out) {
  auto parameters = find_path(in.object, "spec.parameters");
  if (!parameters)
    return put_text(out, "<none>");
  std::string text(text_at(*parameters, "kind"));
  if (auto group = text_at(*parameters, "apiGroup"); !group.empty())
    text.append(".").append(group);
  put_text(out, text.append("/").append(text_at(*parameters, "name")));
}

void address_parent(const cell_input& in, std::string& out) {
  auto parent = find_path(in.object, "spec.parentRef");
  if (!parent)
    return put_text(out, "<none>");
  std::string text(text_at(*parent, "resource"));
  if (auto group = text_at(*parent, "group"); !group.empty())
    text.append(".").append(group);
  text = lower(text);
  if (auto space = text_at(*parent, "namespace"); !space.empty())
    text.append("/").append(space);
  put_text(out, text.append("/").append(text_at(*parent, "name")));
}

} // namespace

std::span<const cell_entry> network_cells() {
  static constexpr cell_entry entries[] = {
    {"service_ip", service_ip},        {"service_external", service_external},
    {"service_ports", service_ports},  {"endpoints", endpoints},
    {"slice_ports", slice_ports},      {"slice_endpoints", slice_endpoints},
    {"ingress_hosts", ingress_hosts},  {"ingress_addresses", ingress_addresses},
    {"ingress_ports", ingress_ports},  {"ingress_class_parameters", ingress_class_parameters},
    {"address_parent", address_parent}};
  return entries;
}

} // namespace troupe::codec
