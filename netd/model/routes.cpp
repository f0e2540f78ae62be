#include "netd/model/routes.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace troupe::netd {
namespace {

using nlohmann::json;

const json& child(const json& tree, const char* key) {
  static const json none;
  if (!tree.is_object())
    return none;
  auto it = tree.find(key);
  return it == tree.end() ? none : *it;
}

std::string text_of(const json& tree, const char* key) {
  const auto& found = child(tree, key);
  return found.is_string() ? found.get<std::string>() : std::string{};
}

std::uint16_t port_of(const json& tree, const char* key) {
  const auto& found = child(tree, key);
  auto number = found.is_number_integer() ? found.get<std::int64_t>() : 0;
  return number > 0 && number < 65536 ? static_cast<std::uint16_t>(number) : std::uint16_t{0};
}

bool flag(const json& tree, const char* key, bool otherwise) {
  const auto& found = child(tree, key);
  return found.is_boolean() ? found.get<bool>() : otherwise;
}

protocol protocol_of(const json& port) {
  auto name = text_of(port, "protocol");
  return name == "UDP" ? protocol::udp : name == "SCTP" ? protocol::sctp : protocol::tcp;
}

/// The endpoints of one Service by port name, the ready and those that only serve.
struct backends {
  std::vector<endpoint> ready;
  std::vector<endpoint> serving;
};
using by_port = std::map<std::string, backends>; // key: port name and protocol

std::string port_key(const std::string& name, protocol over) {
  return name + '/' + std::string{text(over)};
}

void collect(const json& slice, by_port& into) {
  if (text_of(slice, "addressType") != "IPv4")
    return;
  for (const auto& port : child(slice, "ports")) {
    auto& found = into[port_key(text_of(port, "name"), protocol_of(port))];
    auto number = port_of(port, "port");
    for (const auto& e : child(slice, "endpoints")) {
      const auto& conditions = child(e, "conditions");
      bool ready = flag(conditions, "ready", true);
      bool serving = flag(conditions, "serving", ready);
      for (const auto& address : child(e, "addresses")) {
        if (!address.is_string() || number == 0)
          continue;
        endpoint at{.ip = address.get<std::string>(), .port = number};
        if (ready)
          found.ready.push_back(at);
        else if (serving)
          found.serving.push_back(at);
      }
    }
  }
}

std::vector<endpoint> usable(const backends& of) {
  auto out = of.ready.empty() ? of.serving : of.ready;
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

void add_service(const api::object& service, const json& tree, const by_port& ports,
                 std::vector<service_route>& out) {
  const auto& spec = child(tree, "spec");
  auto address = text_of(spec, "clusterIP");
  if (address.empty() || address == "None" || address.find(':') != std::string::npos)
    return;
  for (const auto& port : child(spec, "ports")) {
    auto name = text_of(port, "name");
    service_route route{.name = service.meta.ns + '/' + service.meta.name + ':' + name,
                        .cluster_ip = address,
                        .over = protocol_of(port),
                        .port = port_of(port, "port"),
                        .node_port = port_of(port, "nodePort"),
                        .endpoints = {}};
    if (auto found = ports.find(port_key(name, route.over)); found != ports.end())
      route.endpoints = usable(found->second);
    if (route.port != 0)
      out.push_back(std::move(route));
  }
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

std::vector<service_route> routes_of(const std::vector<api::object_ptr>& services,
                                     const std::vector<api::object_ptr>& slices) {
  std::map<std::string, by_port> endpoints; // key: namespace/service
  for (const auto& slice : slices) {
    auto of = slice->meta.labels.find("kubernetes.io/service-name");
    auto tree = json::parse(*slice->body, nullptr, false);
    if (of != slice->meta.labels.end() && tree.is_object())
      collect(tree, endpoints[slice->meta.ns + '/' + of->second]);
  }
  std::vector<service_route> out;
  for (const auto& service : services) {
    auto tree = json::parse(*service->body, nullptr, false);
    if (tree.is_object())
      add_service(*service, tree, endpoints[service->meta.ns + '/' + service->meta.name], out);
  }
  std::sort(out.begin(), out.end(), [](const service_route& a, const service_route& b) {
    return std::tie(a.name, a.over, a.port) < std::tie(b.name, b.over, b.port);
  });
  return out;
}

} // namespace troupe::netd
