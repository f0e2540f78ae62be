// Services and what stands around them.
#include "actors/api/rules/kinds.hpp"
#include "actors/api/rules/names.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace troupe::rules {
namespace {

const field_path spec_path{"spec"};

void check_service_port(const json& port, const json& spec, bool named, const field_path& at,
                        field_errors& out) {
  auto type = text_of(spec, "type");
  auto name = text_of(port, "name");
  if (name.empty() && named)
    out.required(at / "name");
  else
    check_form(port, "name", dns_label, at, out);
  auto number = number_of(port, "port").value_or(0);
  if (number < 1 || number > 65535)
    out.invalid(at / "port", number, "must be between 1 and 65535, inclusive");
  check_port(port, "targetPort", at, out);
  if (number_of(port, "nodePort").value_or(0) != 0
      && (type == "ClusterIP" || type == "ExternalName"))
    out.forbidden(at / "nodePort", "may not be used when `type` is '" + type + "'");
}

void check_service_ports(const json& spec, field_errors& out) {
  const auto& ports = member(spec, "ports");
  auto headless = text_of(spec, "clusterIP") == "None";
  if (ports.empty() && !headless && text_of(spec, "type") != "ExternalName")
    out.required(spec_path / "ports");
  std::set<std::string> names;
  std::set<std::pair<std::string, std::int64_t>> used;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    auto at = (spec_path / "ports")[i];
    check_service_port(ports[i], spec, ports.size() > 1, at, out);
    if (auto name = text_of(ports[i], "name"); !name.empty() && !names.insert(name).second)
      out.duplicate(at / "name", name);
    if (!used.insert({text_of(ports[i], "protocol"), number_of(ports[i], "port").value_or(0)})
           .second)
      out.duplicate(
        at, json{{"port", member(ports[i], "port")}, {"protocol", text_of(ports[i], "protocol")}});
  }
}

void check_cluster_ip(const json& spec, field_errors& out) {
  auto type = text_of(spec, "type");
  auto address = text_of(spec, "clusterIP");
  auto at = (spec_path / "clusterIPs")[0];
  const auto& list = member(spec, "clusterIPs");
  if (list.is_array() && !list.empty() && list[0] != json(address))
    out.invalid(spec_path / "clusterIPs", list, "first value must match `clusterIP`");
  if (type == "ExternalName") {
    if (!address.empty() && address != "None")
      out.forbidden(spec_path / "clusterIPs", "may not be set when `type` is ExternalName");
  } else if (address == "None") {
    if (type != "ClusterIP")
      out.invalid(at, address, "may not be set to 'None' for " + type + " services");
  } else if (!address.empty()) {
    if (auto why = ip_address(address); !why.empty())
      out.invalid(at, address, why);
  }
}

void check_backend(const json& backend, const field_path& at, field_errors& out) {
  const auto& service = member(backend, "service");
  const auto& resource = member(backend, "resource");
  if (service.is_object() == resource.is_object())
    return out.invalid(at, "",
                       service.is_object() ? "cannot set both resource and service backends"
                                           : "resource or service backend is required");
  if (!service.is_object())
    return;
  check_name(service, "name", dns_1035_label, at / "service", out);
  const auto& port = member(service, "port");
  if (text_of(port, "name").empty() && !number_of(port, "number"))
    out.required(at / "service" / "port", "port name or number is required");
  check_port(port, "number", at / "service" / "port", out);
}

void check_peers(const json& rule, const char* side, const field_path& at, field_errors& out) {
  const auto& peers = member(rule, side);
  for (std::size_t i = 0; i < peers.size(); ++i) {
    auto here = (at / side)[i];
    const auto& block = member(peers[i], "ipBlock");
    auto selects = peers[i].contains("podSelector") || peers[i].contains("namespaceSelector");
    if (!block.is_object() && !selects)
      out.required(here, "must specify a peer");
    else if (block.is_object() && selects)
      out.forbidden(here, "may not specify both ipBlock and another peer");
    if (block.is_object()) {
      check_name(block, "cidr", cidr, here / "ipBlock", out);
      const auto& except = member(block, "except");
      for (std::size_t e = 0; e < except.size(); ++e)
        if (auto why = cidr(except[e].get<std::string>()); !why.empty())
          out.invalid((here / "ipBlock" / "except")[e], except[e], why);
    }
    check_label_selector(member(peers[i], "podSelector"), here / "podSelector", out);
    check_label_selector(member(peers[i], "namespaceSelector"), here / "namespaceSelector", out);
  }
  const auto& ports = member(rule, "ports");
  for (std::size_t i = 0; i < ports.size(); ++i)
    check_port(ports[i], "port", (at / "ports")[i], out);
}

} // namespace

void check_service(const json& tree, const json* old, field_errors& out) {
  const auto& spec = member(tree, "spec");
  auto type = text_of(spec, "type");
  check_service_ports(spec, out);
  check_cluster_ip(spec, out);
  check_labels(member(spec, "selector"), spec_path / "selector", out);
  if (type == "ExternalName") {
    auto name = text_of(spec, "externalName");
    if (name.empty())
      out.required(spec_path / "externalName");
    else if (auto why = dns_subdomain(name.back() == '.' ? name.substr(0, name.size() - 1) : name);
             !why.empty())
      out.invalid(spec_path / "externalName", name, why);
  }
  const auto& external = member(spec, "externalIPs");
  for (std::size_t i = 0; i < external.size(); ++i)
    if (auto why = ip_address(external[i].get<std::string>()); !why.empty())
      out.invalid((spec_path / "externalIPs")[i], external[i], why);
  if (spec.contains("externalTrafficPolicy") && type != "NodePort" && type != "LoadBalancer"
      && external.empty())
    out.invalid(spec_path / "externalTrafficPolicy", spec["externalTrafficPolicy"],
                "may only be set for externally-accessible services");
  const auto& affinity =
    member(member(member(spec, "sessionAffinityConfig"), "clientIP"), "timeoutSeconds");
  if (affinity.is_number_integer() && (affinity < 1 || affinity > 86400))
    out.invalid(spec_path / "sessionAffinityConfig" / "clientIP" / "timeoutSeconds", affinity,
                "must be greater than 0 and less than 86400");
  if (text_of(spec, "sessionAffinity") == "None" && spec.contains("sessionAffinityConfig"))
    out.forbidden(spec_path / "sessionAffinityConfig",
                  "must not be set when session affinity is None");
  const auto& ranges = member(spec, "loadBalancerSourceRanges");
  for (std::size_t i = 0; i < ranges.size(); ++i)
    if (auto why = cidr(ranges[i].get<std::string>()); !why.empty())
      out.invalid((spec_path / "loadBalancerSourceRanges")[i], ranges[i], why);
  if (!old)
    return;
  const auto& was = member(*old, "spec");
  auto had = text_of(was, "clusterIP");
  if (type != "ExternalName" && text_of(was, "type") != "ExternalName" && !had.empty()
      && had != text_of(spec, "clusterIP"))
    out.invalid((spec_path / "clusterIPs")[0], json::array({text_of(spec, "clusterIP")}),
                "may not change once set");
}

void check_endpoint_slice(const json& tree, const json* old, field_errors& out) {
  auto type = text_of(tree, "addressType");
  if (type.empty())
    out.required(field_path{"addressType"});
  const auto& endpoints = member(tree, "endpoints");
  if (endpoints.size() > 1000)
    out.too_many(field_path{"endpoints"}, endpoints.size(), 1000);
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    auto at = field_path{"endpoints"}[i] / "addresses";
    const auto& addresses = member(endpoints[i], "addresses");
    if (addresses.empty())
      out.required(at, "must contain at least 1 address");
    for (std::size_t a = 0; a < addresses.size() && type != "FQDN"; ++a)
      if (auto why = ip_address(addresses[a].get<std::string>()); !why.empty())
        out.invalid(at[a], addresses[a], why);
  }
  std::set<std::string> names;
  const auto& ports = member(tree, "ports");
  for (std::size_t i = 0; i < ports.size(); ++i)
    if (!names.insert(text_of(ports[i], "name")).second)
      out.duplicate(field_path{"ports"}[i] / "name", text_of(ports[i], "name"));
  if (old)
    check_same(tree, *old, "addressType", field_path{}, out);
}

void check_ingress(const json& tree, const json*, field_errors& out) {
  const auto& spec = member(tree, "spec");
  const auto& rules = member(spec, "rules");
  if (rules.empty() && !spec.contains("defaultBackend"))
    out.invalid(spec_path, rules, "either `defaultBackend` or `rules` must be specified");
  if (spec.contains("defaultBackend"))
    check_backend(spec["defaultBackend"], spec_path / "defaultBackend", out);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    auto at = (spec_path / "rules")[i];
    auto host = text_of(rules[i], "host");
    auto plain = host.substr(0, 2) == "*." ? host.substr(2) : host;
    if (!plain.empty())
      if (auto why = dns_subdomain(plain); !why.empty())
        out.invalid(at / "host", host, why);
    if (!rules[i].contains("http"))
      continue;
    const auto& paths = member(rules[i]["http"], "paths");
    if (paths.empty())
      out.required(at / "http" / "paths");
    for (std::size_t p = 0; p < paths.size(); ++p) {
      auto here = (at / "http" / "paths")[p];
      auto type = text_of(paths[p], "pathType");
      auto path = text_of(paths[p], "path");
      if (type.empty())
        out.required(here / "pathType", "pathType must be specified");
      if ((type == "Exact" || type == "Prefix" || !path.empty())
          && (path.empty() || path[0] != '/'))
        out.invalid(here / "path", path, "must be an absolute path");
      check_backend(member(paths[p], "backend"), here / "backend", out);
    }
  }
}

void check_network_policy(const json& tree, const json*, field_errors& out) {
  const auto& spec = member(tree, "spec");
  check_label_selector(member(spec, "podSelector"), spec_path / "podSelector", out);
  for (auto [rules, side] : {std::pair{"ingress", "from"}, std::pair{"egress", "to"}}) {
    const auto& list = member(spec, rules);
    for (std::size_t i = 0; i < list.size(); ++i)
      check_peers(list[i], side, (spec_path / rules)[i], out);
  }
}

} // namespace troupe::rules
