// When a cluster is at rest, and why it is not.
#include "actors/api/pipeline/keys.hpp"
#include "tests/simulation/whole/facts.hpp"

#include <algorithm>
#include <set>

namespace troupe::sim {

bool as_wanted(const views::deployment& d) {
  const auto& s = d.status;
  return s.observed_generation == d.meta.generation && s.replicas == d.replicas
         && s.updated == d.replicas && s.available == d.replicas;
}

std::string facts::restless_deployment(const known_deployment& d) const {
  const auto& now = d.now;
  auto name = "Deployment " + now.meta.name;
  if (now.meta.deleted)
    return name + " is being deleted";
  if (!as_wanted(now))
    return name + " wants " + std::to_string(now.replicas) + " and has "
           + std::to_string(now.status.replicas) + ", updated " + std::to_string(now.status.updated)
           + ", available " + std::to_string(now.status.available) + ", observed generation "
           + std::to_string(now.status.observed_generation) + " of "
           + std::to_string(now.meta.generation);
  std::int64_t ready = 0;
  std::int64_t living = 0;
  for (const auto& [key, s] : sets_) {
    const auto* above = s.meta.controller();
    if (!above || above->uid != now.meta.uid)
      continue;
    for (const auto& [pod_key, p] : pods_)
      if (const auto* of = p.meta.controller(); of && of->uid == s.meta.uid && p.active()) {
        ++living;
        ready += p.ready() ? 1 : 0;
      }
  }
  if (living != now.replicas || ready != now.replicas)
    return name + " says that all is well and has " + std::to_string(living) + " pods, "
           + std::to_string(ready) + " ready";
  return {};
}

std::string facts::restless_pod(const views::pod& p) const {
  auto name = "pod " + p.meta.name;
  if (p.meta.deleted)
    return name + " is being deleted";
  if (p.node.empty())
    return name + " is not bound";
  if (p.ended())
    return {}; // as nodes that came back leave them, until the collector's threshold
  if (!nodes_.contains(
        pipeline::key_of({.group = "", .plural = "nodes", .ns = "", .name = p.node})))
    return name + " is on the node " + p.node + ", which is gone";
  if (p.phase != "Running" || !p.ready())
    return name + " on " + p.node + " is " + p.phase + (p.ready() ? "" : ", not ready");
  const auto* owner = p.meta.controller();
  if (owner && std::none_of(sets_.begin(), sets_.end(), [&](const auto& s) {
        return s.second.meta.uid == owner->uid;
      }))
    return name + " is an orphan: its owner " + owner->name + " is gone";
  return {};
}

std::string facts::restless_service(const views::service& s) const {
  if (s.selector.empty())
    return {};
  std::set<std::string> want;
  for (const auto& [key, p] : pods_)
    if (p.meta.ns == s.meta.ns && p.active() && p.ready()
        && std::all_of(s.selector.begin(), s.selector.end(), [&](const auto& l) {
             auto found = p.meta.labels.find(l.first);
             return found != p.meta.labels.end() && found->second == l.second;
           }))
      want.insert(p.meta.name);
  std::set<std::string> have;
  for (const auto& [key, slice] : slices_)
    if (auto of = slice.meta.labels.find("kubernetes.io/service-name");
        of != slice.meta.labels.end() && of->second == s.meta.name && slice.meta.ns == s.meta.ns)
      for (const auto& e : slice.endpoints)
        if (e.ready)
          have.insert(e.target.name);
  if (want != have)
    return "Service " + s.meta.name + " has " + std::to_string(have.size()) + " endpoints of "
           + std::to_string(want.size()) + " ready pods";
  return {};
}

std::string facts::unrest() const {
  for (const auto& [key, n] : nodes_) {
    auto ready = std::find_if(n.conditions.begin(), n.conditions.end(),
                              [](const auto& c) { return c.type == "Ready"; });
    if (ready == n.conditions.end() || ready->status != "True" || !n.taints.empty())
      return "node " + n.meta.name + " is not ready or tainted";
  }
  for (const auto& [key, s] : sets_) {
    const auto* above = s.meta.controller();
    if (above && std::none_of(deployments_.begin(), deployments_.end(), [&](const auto& d) {
          return d.second.now.meta.uid == above->uid;
        }))
      return "ReplicaSet " + s.meta.name + " is an orphan: " + above->name + " is gone";
  }
  for (const auto& [key, d] : deployments_)
    if (auto why = restless_deployment(d); !why.empty())
      return why;
  for (const auto& [key, p] : pods_)
    if (auto why = restless_pod(p); !why.empty())
      return why;
  for (const auto& [key, s] : services_)
    if (auto why = restless_service(s); !why.empty())
      return why;
  for (const auto& [key, slice] : slices_)
    if (auto of = slice.meta.labels.find("kubernetes.io/service-name");
        of != slice.meta.labels.end() && !has_service(of->second))
      return "EndpointSlice " + slice.meta.name + " is an orphan: " + of->second + " is gone";
  return {};
}

} // namespace troupe::sim
