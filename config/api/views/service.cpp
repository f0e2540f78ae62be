#include "config/api/views/service.hpp"

#include "config/api/views/reader.hpp"

namespace troupe::views {

result<service> service::from(const api::object& o) {
  OR_RETURN(auto root, reader::of(o));
  auto spec = root["spec"];
  service out{.meta = o.meta,
              .type = spec["type"].text("ClusterIP"),
              .cluster_ip = spec["clusterIP"].text(),
              .selector = spec["selector"].strings(),
              .ports = {},
              .publish_not_ready = spec["publishNotReadyAddresses"].flag()};
  spec["ports"].each([&](reader p) {
    auto target = p["targetPort"];
    service_port port{.name = p["name"].text(),
                      .protocol = p["protocol"].text("TCP"),
                      .port = p["port"].number(),
                      .target = 0,
                      .target_name = {},
                      .app_protocol = p["appProtocol"].text(),
                      .node_port = p["nodePort"].number()};
    if (target.is_text())
      port.target_name = target.text();
    else
      port.target = target.number(port.port);
    out.ports.push_back(std::move(port));
  });
  return out;
}

} // namespace troupe::views
