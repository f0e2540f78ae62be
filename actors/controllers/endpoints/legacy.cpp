#include "actors/controllers/endpoints/plan.hpp"
#include "actors/controllers/json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::endpoints {
namespace {

using nlohmann::json;
using subset = views::endpoints::subset;

constexpr const char* manager_label = "endpoints.kubernetes.io/managed-by";
constexpr const char* headless_label = "service.kubernetes.io/headless";
constexpr const char* over_capacity = "endpoints.kubernetes.io/over-capacity";

json addresses_json(const std::vector<views::endpoint>& all) {
  auto out = json::array();
  for (const auto& e : all) {
    json one{{"ip", e.address},
             {"targetRef",
              {{"kind", e.target.kind},
               {"namespace", e.target.ns},
               {"name", e.target.name},
               {"uid", e.target.uid}}}};
    if (!e.hostname.empty())
      one["hostname"] = e.hostname;
    if (!e.node.empty())
      one["nodeName"] = e.node;
    out.push_back(std::move(one));
  }
  return out;
}

json subsets_json(const std::vector<subset>& all) {
  auto out = json::array();
  for (const auto& s : all) {
    json one;
    if (!s.ready.empty())
      one["addresses"] = addresses_json(s.ready);
    if (!s.not_ready.empty())
      one["notReadyAddresses"] = addresses_json(s.not_ready);
    auto ports = json::array();
    for (const auto& p : s.ports) {
      json port{{"port", p.port}, {"protocol", p.protocol}};
      if (!p.name.empty())
        port["name"] = p.name;
      if (!p.app_protocol.empty())
        port["appProtocol"] = p.app_protocol;
      ports.push_back(std::move(port));
    }
    if (!ports.empty())
      one["ports"] = std::move(ports);
    out.push_back(std::move(one));
  }
  return out;
}

/// As the object will read back: an address in Endpoints has one condition, not three.
views::endpoint plain(views::endpoint e, bool ready) {
  e.ready = e.serving = ready;
  e.terminating = false;
  return e;
}

/// Answers whether everybody found a place.
bool subsets_of(const observed& o, std::vector<subset>& out) {
  std::map<std::vector<views::endpoint_port>, subset> by_ports;
  std::vector<resolved> all;
  for (const auto& p : o.pods)
    if (auto r = resolve(o, p); r && (!p.meta.deleted || o.service.publish_not_ready))
      all.push_back(std::move(*r));
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return std::pair{!a.endpoint.ready, std::string_view{a.endpoint.address}}
           < std::pair{!b.endpoint.ready, std::string_view{b.endpoint.address}};
  });
  bool cut = all.size() > per_endpoints;
  if (cut)
    all.resize(per_endpoints);
  for (auto& r : all) {
    auto& s = by_ports[r.ports];
    (r.endpoint.ready ? s.ready : s.not_ready).push_back(plain(r.endpoint, r.endpoint.ready));
  }
  for (auto& [ports, s] : by_ports) {
    s.ports = ports;
    out.push_back(std::move(s));
  }
  return !cut;
}

} // namespace

control::actions plan_endpoints(const observed& o) {
  const auto& service = o.service;
  if (!concerns_us(service) || service.meta.deleted)
    return {};
  std::vector<subset> wanted;
  bool whole = subsets_of(o, wanted);
  auto labels = service.meta.labels;
  labels.erase(headless_label);
  labels.insert_or_assign(manager_label, "endpoint-controller");
  if (service.headless())
    labels.emplace(headless_label, "");
  if (!o.legacy) {
    json metadata{{"name", service.meta.name},
                  {"namespace", service.meta.ns},
                  {"labels", labels},
                  {"ownerReferences",
                   control::owners_json({control::controlled_by(service.meta, "v1", "Service")})}};
    if (!whole)
      metadata["annotations"] = {{over_capacity, "truncated"}};
    json body{{"apiVersion", "v1"},
              {"kind", "Endpoints"},
              {"metadata", std::move(metadata)},
              {"subsets", subsets_json(wanted)}};
    return {control::create{.of = control::of::endpoints,
                            .ns = service.meta.ns,
                            .name = service.meta.name,
                            .body = body.dump()}};
  }
  json body;
  if (wanted != o.legacy->subsets)
    body["subsets"] = subsets_json(wanted);
  const auto& meta = o.legacy->meta;
  for (const auto& [key, value] : labels)
    if (auto at = meta.labels.find(key); at == meta.labels.end() || at->second != value)
      body["metadata"]["labels"][key] = value;
  for (const auto& [key, value] : meta.labels)
    if (!labels.contains(key))
      body["metadata"]["labels"][key] = nullptr;
  if (whole == meta.annotations.contains(over_capacity))
    body["metadata"]["annotations"][over_capacity] = whole ? json{} : json("truncated");
  if (body.is_null())
    return {};
  return {
    control::patch{.at = control::exactly(control::of::endpoints, meta), .body = body.dump()}};
}

} // namespace troupe::endpoints
