#include "config/api/views/pod.hpp"

#include "config/api/views/parts.hpp"

#include <algorithm>

namespace troupe::views {
namespace {

void read_ports(reader container, std::vector<container_port>& out) {
  container["ports"].each([&](reader p) {
    out.push_back({.name = p["name"].text(),
                   .port = p["containerPort"].number(),
                   .protocol = p["protocol"].text("TCP")});
  });
}

} // namespace

result<pod> pod::from(const api::object& o) {
  OR_RETURN(auto root, reader::of(o));
  auto spec = root["spec"];
  auto status = root["status"];
  pod out{.meta = o.meta,
          .node = spec["nodeName"].text(),
          .phase = status["phase"].text("Pending"),
          .ip = status["podIP"].text(),
          .hostname = spec["hostname"].text(),
          .subdomain = spec["subdomain"].text(),
          .restarts = 0,
          .ports = {},
          .tolerations = read_tolerations(spec["tolerations"]),
          .conditions = read_conditions(status["conditions"])};
  spec["containers"].each([&](reader c) { read_ports(c, out.ports); });
  spec["initContainers"].each([&](reader c) {
    if (c["restartPolicy"].view() == "Always")
      read_ports(c, out.ports);
  });
  status["containerStatuses"].each(
    [&](reader c) { out.restarts = std::max(out.restarts, c["restartCount"].number()); });
  return out;
}

bool pod::ready() const {
  const auto* c = find(conditions, "Ready");
  return c != nullptr && c->status == "True";
}

std::optional<instant> pod::ready_since() const {
  const auto* c = find(conditions, "Ready");
  return c != nullptr && c->status == "True" ? c->transitioned : std::nullopt;
}

bool pod::available(std::int64_t seconds, instant now) const {
  if (!ready())
    return false;
  auto since = ready_since();
  return seconds == 0 || (since && *since + std::chrono::seconds{seconds} <= now);
}

} // namespace troupe::views
