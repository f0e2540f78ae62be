#include "actors/controllers/endpoints/plan.hpp"

#include <algorithm>

namespace troupe::endpoints {
namespace {

std::optional<std::int64_t> target_of(const views::service_port& port, const views::pod& p) {
  if (port.target_name.empty())
    return port.target;
  for (const auto& c : p.ports)
    if (c.name == port.target_name && c.protocol == port.protocol)
      return c.port;
  return std::nullopt;
}

} // namespace

bool concerns_us(const views::service& s) {
  return s.type != "ExternalName" && !s.selector.empty();
}

std::optional<resolved> resolve(const observed& o, const views::pod& p) {
  if (p.ip.empty() || p.ended())
    return std::nullopt;
  const auto& s = o.service;
  bool suspect = !p.node.empty() && o.suspects.contains(p.node);
  bool serving = p.ready() && !suspect;
  bool terminating = p.meta.deleted.has_value();
  resolved out{
    .ports = {},
    .endpoint = {
      .address = p.ip,
      .ready = (s.publish_not_ready && !suspect) || (serving && !terminating),
      .serving = serving,
      .terminating = terminating,
      .hostname = p.subdomain == s.meta.name ? p.hostname : std::string{},
      .node = p.node,
      .target = {.kind = "Pod", .ns = p.meta.ns, .name = p.meta.name, .uid = p.meta.uid}}};
  for (const auto& port : s.ports)
    if (auto target = target_of(port, p))
      out.ports.push_back({.name = port.name,
                           .protocol = port.protocol,
                           .port = *target,
                           .app_protocol = port.app_protocol});
  if (out.ports.empty() && !s.ports.empty())
    return std::nullopt; // none of the named ports is there
  std::sort(out.ports.begin(), out.ports.end());
  return out;
}

} // namespace troupe::endpoints
