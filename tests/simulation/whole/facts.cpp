#include "tests/simulation/whole/facts.hpp"

#include "actors/api/pipeline/keys.hpp"

#include <algorithm>
#include <iostream>
#include <set>

namespace troupe::sim {
namespace {

bool chatter(const pipeline::object_key& k) {
  return k.plural == "leases" || k.plural == "events" || k.plural == "nodes";
}

std::int64_t most_pods(const views::deployment& d) {
  return d.replicas + (d.recreate ? 0 : d.max_surge.of(d.replicas, true));
}

} // namespace

void facts::look() {
  const auto& all = past_.events();
  for (auto it = all.upper_bound(seen_); it != all.end(); ++it) {
    seen_ = it->first;
    ++taken_;
    take(it->first, it->second.key, it->second.value);
  }
}

void facts::finish() {
  look();
  if (taken_ != past_.events().size())
    to_.violation("the history grew in its middle: " + std::to_string(past_.events().size())
                  + " changes, seen " + std::to_string(taken_));
  to_.count["object changes"] += changes_;
  to_.count["pods bound"] += bound_.size();
}

template <class View>
void facts::keep(std::map<std::string, View>& in, const std::string& key,
                 const api::object_ptr& o) {
  if (!o) {
    in.erase(key);
    return;
  }
  auto v = View::from(*o);
  if (v)
    in.insert_or_assign(key, std::move(*v));
  else
    to_.violation(key + " cannot be read: " + v.error().message);
}

void facts::take(revision at, const std::string& key, const std::optional<std::string>& value) {
  if (const auto& show = of_.with.show; !show.empty() && key.find(show) != key.npos)
    std::cout << "  " << api::format_micro_time(of_.world.now()) << " " << to_string(at) << " "
              << key << " " << value.value_or("is gone") << "\n";
  auto k = pipeline::parse_key(key);
  if (!k)
    return;
  api::object_ptr o;
  if (value) {
    auto parsed = api::parse_object(share(*value), at);
    if (!parsed)
      return to_.violation(key + " is not an object: " + parsed.error().message);
    o = std::make_shared<const api::object>(std::move(*parsed));
  }
  if (!chatter(*k)) {
    ++changes_;
    last_change_ = key;
  }
  if (k->plural == "pods")
    take_pod(at, key, o);
  else if (k->plural == "deployments")
    take_deployment(key, o);
  else if (k->plural == "replicasets")
    keep(sets_, key, o);
  else if (k->plural == "services")
    take_service(at, key, o);
  else if (k->plural == "endpointslices")
    keep(slices_, key, o);
  else if (k->plural == "nodes")
    take_node(at, key, o);
}

void facts::take_pod(revision at, const std::string& key, const api::object_ptr& o) {
  keep(pods_, key, o);
  auto found = pods_.find(key);
  if (!o || found == pods_.end())
    return;
  const auto& p = found->second;
  if (!p.node.empty()) {
    auto [first, fresh] = bound_.emplace(p.meta.uid, p.node);
    if (!fresh && first->second != p.node)
      to_.violation("revision " + to_string(at) + ": pod " + p.meta.name + " was bound to "
                    + first->second + " and is bound to " + p.node);
  } else if (bound_.contains(p.meta.uid)) {
    to_.violation("revision " + to_string(at) + ": pod " + p.meta.name + " lost its node");
  }
  const auto* owner = p.meta.controller();
  if (owner && p.active() && p.node.empty())
    count_pods_of(at, owner->uid);
}

void facts::count_pods_of(revision at, const std::string& set_uid) {
  const api::owner* above = nullptr;
  std::set<std::string> sets; // of the same Deployment
  for (const auto& [key, s] : sets_)
    if (s.meta.uid == set_uid)
      above = s.meta.controller();
  if (!above)
    return;
  for (const auto& [key, s] : sets_)
    if (const auto* of = s.meta.controller(); of && of->uid == above->uid)
      sets.insert(s.meta.uid);
  for (const auto& [key, d] : deployments_) {
    if (d.now.meta.uid != above->uid)
      continue;
    auto living = std::count_if(pods_.begin(), pods_.end(), [&](const auto& p) {
      const auto* of = p.second.meta.controller();
      return of && sets.contains(of->uid) && p.second.active();
    });
    if (living > d.allowed)
      to_.violation("revision " + to_string(at) + ": Deployment " + d.now.meta.name + " has "
                    + std::to_string(living) + " pods and may have " + std::to_string(d.allowed));
  }
}

void facts::take_deployment(const std::string& key, const api::object_ptr& o) {
  if (!o) {
    deployments_.erase(key);
    return;
  }
  auto d = views::deployment::from(*o);
  if (!d)
    return to_.violation(key + " cannot be read: " + d.error().message);
  auto& known = deployments_[key];
  if (known.now.meta.uid != d->meta.uid)
    known.allowed = 0;
  known.allowed = as_wanted(*d) ? most_pods(*d) : std::max(known.allowed, most_pods(*d));
  known.now = std::move(*d);
}

void facts::take_service(revision at, const std::string& key, const api::object_ptr& o) {
  keep(services_, key, o);
  auto found = services_.find(key);
  if (!o || found == services_.end())
    return;
  const auto& mine = found->second;
  for (const auto& [other_key, other] : services_) {
    if (other_key == key)
      continue;
    if (!mine.headless() && !mine.cluster_ip.empty() && mine.cluster_ip == other.cluster_ip)
      to_.violation("revision " + to_string(at) + ": " + mine.cluster_ip + " is given to " + key
                    + " and " + other_key);
    for (const auto& a : mine.ports)
      for (const auto& b : other.ports)
        if (a.node_port != 0 && a.node_port == b.node_port && a.protocol == b.protocol)
          to_.violation("revision " + to_string(at) + ": node port " + std::to_string(a.node_port)
                        + " is given to " + key + " and " + other_key);
  }
}

void facts::take_node(revision at, const std::string& key, const api::object_ptr& o) {
  keep(nodes_, key, o);
  auto found = nodes_.find(key);
  if (!o || found == nodes_.end() || found->second.pod_cidr.empty())
    return;
  for (const auto& [other_key, other] : nodes_)
    if (other_key != key && other.pod_cidr == found->second.pod_cidr)
      to_.violation("revision " + to_string(at) + ": the subnet " + other.pod_cidr + " is given to "
                    + key + " and " + other_key);
}

const views::deployment* facts::deployment(const std::string& name) const {
  auto found = deployments_.find(
    pipeline::key_of({.group = "apps", .plural = "deployments", .ns = "default", .name = name}));
  return found == deployments_.end() ? nullptr : &found->second.now;
}

const views::pod* facts::pod(const std::string& name) const {
  auto found =
    pods_.find(pipeline::key_of({.group = "", .plural = "pods", .ns = "default", .name = name}));
  return found == pods_.end() ? nullptr : &found->second;
}

bool facts::has_service(const std::string& name) const {
  return services_.contains(
    pipeline::key_of({.group = "", .plural = "services", .ns = "default", .name = name}));
}

std::vector<std::string> facts::living_pods() const {
  std::vector<std::string> out;
  for (const auto& [key, p] : pods_)
    if (p.active())
      out.push_back(p.meta.name);
  return out;
}

std::vector<std::string> facts::bound_to(const std::string& node) const {
  std::vector<std::string> out;
  for (const auto& [key, p] : pods_)
    if (p.node == node && !p.ended())
      out.push_back(p.meta.uid);
  std::sort(out.begin(), out.end());
  return out;
}

} // namespace troupe::sim
