#include "config/api/views/endpoint_slice.hpp"

#include "config/api/views/reader.hpp"

namespace troupe::views {
namespace {

std::vector<endpoint_port> read_ports(reader at) {
  std::vector<endpoint_port> out;
  at.each([&](reader p) {
    out.push_back({.name = p["name"].text(),
                   .protocol = p["protocol"].text("TCP"),
                   .port = p["port"].number(),
                   .app_protocol = p["appProtocol"].text()});
  });
  return out;
}

target_ref read_target(reader at) {
  return {.kind = at["kind"].text(),
          .ns = at["namespace"].text(),
          .name = at["name"].text(),
          .uid = at["uid"].text()};
}

std::vector<endpoint> read_addresses(reader at, bool ready) {
  std::vector<endpoint> out;
  at.each([&](reader a) {
    out.push_back({.address = a["ip"].text(),
                   .ready = ready,
                   .serving = ready,
                   .terminating = false,
                   .hostname = a["hostname"].text(),
                   .node = a["nodeName"].text(),
                   .target = read_target(a["targetRef"])});
  });
  return out;
}

} // namespace

result<endpoint_slice> endpoint_slice::from(const api::object& o) {
  OR_RETURN(auto root, reader::of(o));
  endpoint_slice out{.meta = o.meta,
                     .address_type = root["addressType"].text("IPv4"),
                     .ports = read_ports(root["ports"]),
                     .endpoints = {}};
  root["endpoints"].each([&](reader e) {
    auto conditions = e["conditions"];
    bool ready = conditions["ready"].flag(true);
    endpoint one{.address = {},
                 .ready = ready,
                 .serving = conditions["serving"].flag(ready),
                 .terminating = conditions["terminating"].flag(false),
                 .hostname = e["hostname"].text(),
                 .node = e["nodeName"].text(),
                 .target = read_target(e["targetRef"])};
    e["addresses"].each([&](reader a) {
      if (one.address.empty())
        one.address = a.text();
    });
    out.endpoints.push_back(std::move(one));
  });
  return out;
}

result<endpoints> endpoints::from(const api::object& o) {
  OR_RETURN(auto root, reader::of(o));
  endpoints out{.meta = o.meta, .subsets = {}};
  root["subsets"].each([&](reader s) {
    out.subsets.push_back({.ready = read_addresses(s["addresses"], true),
                           .not_ready = read_addresses(s["notReadyAddresses"], false),
                           .ports = read_ports(s["ports"])});
  });
  return out;
}

} // namespace troupe::views
