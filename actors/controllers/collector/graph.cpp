#include "actors/controllers/collector/graph.hpp"

#include <algorithm>

namespace troupe::collector {
namespace {

bool has(const std::vector<std::string>& all, std::string_view one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

} // namespace

graph::id graph::find(const std::string& uid) {
  auto [at, fresh] = by_uid_.try_emplace(uid, 0);
  if (!fresh)
    return at->second;
  if (free_.empty()) {
    at->second = static_cast<id>(nodes_.size());
    nodes_.emplace_back();
  } else {
    at->second = free_.back();
    free_.pop_back();
    nodes_[at->second] = {};
  }
  nodes_[at->second].who.uid = uid;
  return at->second;
}

void graph::touch(id n) {
  auto& node = nodes_[n];
  if (node.dirty || !node.seen)
    return;
  node.dirty = true;
  dirty_.push_back(n);
}

void graph::touch_dependents(id n) {
  for (auto d : nodes_[n].dependents)
    touch(d);
}

/// Somebody nobody sees and nobody names is forgotten.
void graph::drop_if_unused(id n) {
  auto& node = nodes_[n];
  if (node.seen || node.dirty || !node.dependents.empty() || node.who.uid.empty())
    return;
  by_uid_.erase(node.who.uid);
  std::erase(unseen_, n);
  node = {};
  free_.push_back(n);
}

void graph::link(id n, std::vector<edge> owners) {
  if (nodes_[n].owners == owners)
    return;
  auto before = std::exchange(nodes_[n].owners, std::move(owners));
  for (const auto& e : nodes_[n].owners) {
    auto& dependents = nodes_[e.owner].dependents;
    if (std::find(dependents.begin(), dependents.end(), n) == dependents.end())
      dependents.push_back(n);
  }
  for (const auto& e : before) {
    auto still = std::any_of(nodes_[n].owners.begin(), nodes_[n].owners.end(),
                             [&](const auto& o) { return o.owner == e.owner; });
    if (!still)
      std::erase(nodes_[e.owner].dependents, n);
    if (nodes_[e.owner].foreground)
      touch(e.owner); // one obstacle less
    drop_if_unused(e.owner);
  }
  touch(n);
}

void graph::put(const control::resource& of, const api::metadata& meta) {
  auto n = find(meta.uid);
  bool fresh = !nodes_[n].seen;
  {
    auto& node = nodes_[n];
    node.who = {.of = of, .ns = meta.ns, .name = meta.name, .uid = meta.uid};
    node.seen = true;
    node.absent = false;
    std::erase(unseen_, n);
  }
  std::vector<edge> owners;
  for (const auto& o : meta.owners) {
    auto owner = find(o.uid);
    owners.push_back({owner, o.block_owner_deletion});
    auto& other = nodes_[owner];
    if (other.seen || other.absent || other.asked)
      continue;
    auto kind = kinds_(o.api_version, o.kind);
    if (!kind || (kind->namespaced && meta.ns.empty()))
      continue; // cannot be looked up: stays unknown
    other.who = {.of = kind->of,
                 .ns = kind->namespaced ? meta.ns : std::string{},
                 .name = o.name,
                 .uid = o.uid};
    other.asked = true;
    unseen_.push_back(owner);
  }
  link(n, std::move(owners));
  auto& node = nodes_[n];
  bool deleting = meta.deleted.has_value();
  bool foreground = deleting && has(meta.finalizers, "foregroundDeletion");
  bool orphans = deleting && has(meta.finalizers, "orphan");
  bool changed = std::exchange(node.foreground, foreground) != foreground;
  bool starts = std::exchange(node.orphans, orphans) != orphans;
  node.deleting = deleting;
  if (fresh || changed || starts)
    touch(n);
  if (changed || fresh)
    touch_dependents(n);
  if (changed) // its own owners may have waited to know
    for (const auto& e : node.owners)
      touch(e.owner);
}

void graph::gone(const std::string& uid) {
  auto at = by_uid_.find(uid);
  if (at == by_uid_.end())
    return;
  auto n = at->second;
  link(n, {});
  auto& node = nodes_[n];
  node.seen = false;
  node.absent = true;
  node.foreground = node.orphans = node.deleting = false;
  touch_dependents(n);
  drop_if_unused(n);
}

void graph::absent(const std::string& uid) {
  auto at = by_uid_.find(uid);
  if (at == by_uid_.end() || nodes_[at->second].seen)
    return;
  nodes_[at->second].absent = true;
  touch_dependents(at->second);
}

std::optional<identity> graph::next() {
  while (!dirty_.empty()) {
    auto n = dirty_.front();
    dirty_.pop_front();
    nodes_[n].dirty = false;
    if (nodes_[n].seen)
      return nodes_[n].who;
    drop_if_unused(n);
  }
  return std::nullopt;
}

std::vector<identity> graph::questions() {
  std::vector<identity> out;
  for (auto n : unseen_)
    if (!nodes_[n].seen && !nodes_[n].absent)
      out.push_back(nodes_[n].who);
  unseen_.clear();
  return out;
}

owner_state graph::state_of(const api::metadata& dependent, const api::owner& owner) const {
  auto at = by_uid_.find(owner.uid);
  if (at == by_uid_.end())
    return owner_state::unknown;
  const auto& node = nodes_[at->second];
  if (node.absent)
    return owner_state::absent;
  if (!node.seen)
    return owner_state::unknown;
  if (!node.who.ns.empty() && node.who.ns != dependent.ns)
    // A namespaced owner owns nothing outside its namespace; of a cluster-scoped object it cannot
    // be told whether such a reference was ever meant, so that one stays.
    return dependent.ns.empty() ? owner_state::solid : owner_state::absent;
  return node.foreground ? owner_state::waiting : owner_state::solid;
}

std::vector<identity> graph::dependents(const std::string& uid) const {
  std::vector<identity> out;
  if (auto at = by_uid_.find(uid); at != by_uid_.end())
    for (auto d : nodes_[at->second].dependents)
      out.push_back(nodes_[d].who);
  std::sort(out.begin(), out.end());
  return out;
}

bool graph::blocked(const std::string& uid) const {
  auto at = by_uid_.find(uid);
  if (at == by_uid_.end())
    return false;
  const auto& all = nodes_[at->second].dependents;
  return std::any_of(all.begin(), all.end(), [&](id d) {
    const auto& edges = nodes_[d].owners;
    return std::any_of(edges.begin(), edges.end(),
                       [&](const edge& e) { return e.owner == at->second && e.blocks; });
  });
}

bool graph::dependent_waits(const std::string& uid) const {
  auto at = by_uid_.find(uid);
  if (at == by_uid_.end())
    return false;
  const auto& all = nodes_[at->second].dependents;
  return std::any_of(all.begin(), all.end(), [&](id d) { return nodes_[d].foreground; });
}

} // namespace troupe::collector
