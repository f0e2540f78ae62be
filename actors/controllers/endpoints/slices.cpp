#include "actors/controllers/endpoints/plan.hpp"
#include "actors/controllers/json.hpp"
#include "actors/controllers/names.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::endpoints {
namespace {

using nlohmann::json;
using ports = std::vector<views::endpoint_port>;

constexpr const char* service_label = "kubernetes.io/service-name";
constexpr const char* manager_label = "endpointslice.kubernetes.io/managed-by";
constexpr const char* headless_label = "service.kubernetes.io/headless";

api::string_map labels_of(const views::service& s) {
  auto out = s.meta.labels;
  out.erase(headless_label);
  out.insert_or_assign(service_label, s.meta.name);
  out.insert_or_assign(manager_label, manager);
  if (s.headless())
    out.emplace(headless_label, "");
  return out;
}

json endpoint_json(const views::endpoint& e) {
  json out{
    {"addresses", json::array({e.address})},
    {"conditions", {{"ready", e.ready}, {"serving", e.serving}, {"terminating", e.terminating}}},
    {"targetRef",
     {{"kind", e.target.kind},
      {"namespace", e.target.ns},
      {"name", e.target.name},
      {"uid", e.target.uid}}}};
  if (!e.hostname.empty())
    out["hostname"] = e.hostname;
  if (!e.node.empty())
    out["nodeName"] = e.node;
  return out;
}

json content_json(const ports& all, const std::vector<views::endpoint>& endpoints) {
  auto port_list = json::array();
  for (const auto& p : all) {
    json one{{"name", p.name}, {"protocol", p.protocol}, {"port", p.port}};
    if (!p.app_protocol.empty())
      one["appProtocol"] = p.app_protocol;
    port_list.push_back(std::move(one));
  }
  auto list = json::array();
  for (const auto& e : endpoints)
    list.push_back(endpoint_json(e));
  return {{"ports", std::move(port_list)}, {"endpoints", std::move(list)}};
}

/// One slice with what it will hold; `was` is null for a new one.
struct draft {
  const views::endpoint_slice* was = nullptr;
  std::vector<views::endpoint> endpoints;
  bool touched() const { return was == nullptr || endpoints != was->endpoints; }
};

/// All slices of one set of ports.
class group {
public:
  void keep(const views::endpoint_slice& s) { drafts_.push_back({.was = &s, .endpoints = {}}); }

  /// Leaves every endpoint where it is, takes away what is gone, fills in what is new.
  std::vector<draft> settle(std::map<std::string, views::endpoint> wanted) {
    for (auto& d : drafts_)
      for (const auto& e : d.was->endpoints)
        if (auto node = wanted.extract(e.target.uid))
          d.endpoints.push_back(std::move(node.mapped()));
    // Those that are written anyway first, then the fullest: as few writes as can be.
    std::stable_sort(drafts_.begin(), drafts_.end(), [](const draft& a, const draft& b) {
      return std::pair{!a.touched(), -static_cast<std::ptrdiff_t>(a.endpoints.size())}
             < std::pair{!b.touched(), -static_cast<std::ptrdiff_t>(b.endpoints.size())};
    });
    auto next = drafts_.begin();
    for (auto& [uid, e] : wanted) {
      while (next != drafts_.end() && next->endpoints.size() >= per_slice)
        ++next;
      if (next == drafts_.end()) {
        drafts_.push_back({});
        next = std::prev(drafts_.end());
      }
      next->endpoints.push_back(std::move(e));
    }
    return std::move(drafts_);
  }

private:
  std::vector<draft> drafts_;
};

control::create make(const observed& o, const std::string& name, const ports& all,
                     const std::vector<views::endpoint>& endpoints) {
  const auto& meta = o.service.meta;
  auto body = content_json(all, endpoints);
  body["apiVersion"] = "discovery.k8s.io/v1";
  body["kind"] = "EndpointSlice";
  body["addressType"] = "IPv4";
  body["metadata"] = {
    {"name", name},
    {"generateName", meta.name + "-"},
    {"namespace", meta.ns},
    {"labels", labels_of(o.service)},
    {"ownerReferences", control::owners_json({control::controlled_by(meta, "v1", "Service")})}};
  return {.of = control::of::endpoint_slices, .ns = meta.ns, .name = name, .body = body.dump()};
}

json label_changes(const api::string_map& have, const api::string_map& want) {
  auto out = json::object();
  for (const auto& [key, value] : want)
    if (auto at = have.find(key); at == have.end() || at->second != value)
      out[key] = value;
  for (const auto& [key, value] : have)
    if (!want.contains(key))
      out[key] = nullptr;
  return out;
}

/// While nobody can tell who is suspect, no endpoint becomes ready that was not, but for those on
/// nodes that are seen: a pod that starts right after a change of leaders need not wait.
void keep_out(const observed& o, std::map<std::string, views::endpoint>& endpoints) {
  for (const auto& s : o.slices)
    for (const auto& e : s.endpoints)
      if (auto at = endpoints.find(e.target.uid);
          at != endpoints.end() && !e.ready && !o.seen.contains(at->second.node))
        at->second.ready = at->second.serving = false;
}

} // namespace

control::actions plan_slices(const observed& o) {
  control::actions out;
  if (!concerns_us(o.service) || o.service.meta.deleted)
    return out;
  std::map<ports, std::map<std::string, views::endpoint>> wanted;
  for (const auto& p : o.pods)
    if (auto r = resolve(o, p))
      wanted[r->ports].emplace(p.meta.uid, r->endpoint);
  if (o.suspended)
    for (auto& [port_set, endpoints] : wanted)
      keep_out(o, endpoints);
  if (wanted.empty())
    wanted[{}]; // a service without pods has one empty slice: consumers tell "none" from "unknown"
  std::map<ports, group> groups;
  for (const auto& s : o.slices) {
    auto sorted = s.ports;
    std::sort(sorted.begin(), sorted.end());
    if (s.address_type == "IPv4" && wanted.contains(sorted) && !s.meta.deleted)
      groups[sorted].keep(s);
    else if (!s.meta.deleted)
      out.push_back(control::remove{.at = control::at(control::of::endpoint_slices, s.meta)});
  }
  random_source random{o.seed};
  auto labels = labels_of(o.service);
  control::actions removed;
  for (auto& [port_set, endpoints] : wanted) {
    bool empty = endpoints.empty();
    auto drafts = groups[port_set].settle(std::move(endpoints));
    if (empty && drafts.empty())
      drafts.push_back({});
    for (std::size_t i = 0; i < drafts.size(); ++i) {
      auto& d = drafts[i];
      bool placeholder = empty && i == 0;
      if (d.was == nullptr) {
        out.push_back(
          make(o, control::random_name(o.service.meta.name + "-", random), port_set, d.endpoints));
      } else if (d.endpoints.empty() && !placeholder) {
        removed.push_back(
          control::remove{.at = control::at(control::of::endpoint_slices, d.was->meta)});
      } else {
        json body = d.touched() ? content_json(port_set, d.endpoints) : json::object();
        if (auto changes = label_changes(d.was->meta.labels, labels); !changes.empty())
          body["metadata"]["labels"] = std::move(changes);
        if (!body.empty())
          out.push_back(
            control::patch{.at = control::exactly(control::of::endpoint_slices, d.was->meta),
                           .body = body.dump()});
      }
    }
  }
  out.insert(out.end(), removed.begin(), removed.end());
  return out;
}

} // namespace troupe::endpoints
