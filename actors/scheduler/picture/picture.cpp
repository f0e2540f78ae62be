#include "actors/scheduler/picture/picture.hpp"

#include "config/base/invariant.hpp"

namespace troupe::scheduler {
namespace {

using amounts = std::vector<std::pair<name_id, std::int64_t>>;

scheduler::effect effect_of(std::string_view text) {
  return text == "NoExecute"          ? effect::no_execute
         : text == "PreferNoSchedule" ? effect::prefer_no_schedule
                                      : effect::no_schedule;
}

void add_amount(amounts& to, name_id name, std::int64_t n) {
  for (auto& [have, amount] : to)
    if (have == name) {
      amount += n;
      return;
    }
  to.emplace_back(name, n);
}

std::int64_t take(const views::amounts& from, std::string_view name) {
  auto at = from.find(name);
  return at == from.end() ? 0 : at->second;
}

bool is_basic(std::string_view resource) {
  return resource == "cpu" || resource == "memory" || resource == "ephemeral-storage"
         || resource == "pods";
}

} // namespace

// -- nodes --------------------------------------------------------------------

node_id picture::find_node(std::string_view name) const {
  const auto* id = names_.find(name);
  auto at = id == nullptr ? by_name_.end() : by_name_.find(*id);
  return at == by_name_.end() ? no_node : at->second;
}

node_id picture::slot_for(std::string_view name) {
  auto id = names_.id(name);
  if (auto at = by_name_.find(id); at != by_name_.end())
    return at->second;
  node_id n = 0;
  if (!free_nodes_.empty()) {
    n = free_nodes_.back();
    free_nodes_.pop_back();
  } else {
    n = static_cast<node_id>(rest_.size());
    rest_.emplace_back();
    auto& c = columns_;
    for (auto* column : {&c.cpu, &c.cpu_used, &c.cpu_scored, &c.memory, &c.memory_used,
                         &c.memory_scored, &c.storage, &c.storage_used})
      column->push_back(0);
    c.pods.push_back(0);
    c.pods_used.push_back(0);
    c.live.push_back(0);
    c.unschedulable.push_back(0);
    for (auto& t : topologies_)
      t.of_node.push_back(no_domain);
  }
  rest_[n] = {};
  rest_[n].name = id;
  by_name_.emplace(id, n);
  join_topologies(n);
  return n;
}

/// A slot is kept while the node is there or pods are bound to it.
void picture::free_slot(node_id n) {
  if (columns_.live[n] != 0 || !rest_[n].placed.empty())
    return;
  leave_topologies(n);
  by_name_.erase(rest_[n].name);
  free_nodes_.push_back(n);
}

std::uint8_t picture::put_labels(node_id n, const api::string_map& given) {
  auto& rest = rest_[n];
  std::vector<std::pair<name_id, name_id>> labels;
  for (const auto& [key, value] : given)
    labels.emplace_back(names_.id(key), names_.id(value));
  std::sort(labels.begin(), labels.end());
  if (labels == rest.labels)
    return node_same;
  auto counted = rest.placed; // their terms move to the new domains
  for (auto p : counted)
    count_terms(shapes_[pods_[p].shape], n, -1);
  leave_topologies(n);
  rest.labels = std::move(labels);
  join_topologies(n);
  for (auto p : counted)
    count_terms(shapes_[pods_[p].shape], n, 1);
  ++epoch_;
  return node_labels;
}

std::uint8_t picture::put_amounts(node_id n, const views::amounts& allocatable) {
  auto& c = columns_;
  bool changed = false;
  auto set = [&](auto& column, std::string_view name) {
    auto value = static_cast<std::decay_t<decltype(column[n])>>(take(allocatable, name));
    changed = changed || column[n] != value;
    column[n] = value;
  };
  set(c.cpu, "cpu");
  set(c.memory, "memory");
  set(c.storage, "ephemeral-storage");
  set(c.pods, "pods");
  amounts extended;
  for (const auto& [name, amount] : allocatable)
    if (!is_basic(name))
      extended.emplace_back(names_.id(name), amount);
  changed = changed || extended != rest_[n].extended;
  rest_[n].extended = std::move(extended);
  return changed ? node_resources : node_same;
}

std::uint8_t picture::put_node(const views::node_supply& supply) {
  auto n = slot_for(supply.meta.name);
  auto& rest = rest_[n];
  auto& c = columns_;
  unsigned changes = put_labels(n, supply.meta.labels) | put_amounts(n, supply.allocatable);
  std::vector<compiled_taint> taints;
  for (const auto& t : supply.taints)
    taints.push_back({names_.id(t.key), names_.id(t.value), effect_of(t.effect)});
  std::uint8_t cordoned = supply.unschedulable ? 1 : 0;
  if (taints != rest.taints || cordoned != c.unschedulable[n])
    changes |= node_taints;
  rest.taints = std::move(taints);
  c.unschedulable[n] = cordoned;
  amounts images;
  for (const auto& [name, size] : supply.images)
    images.emplace_back(names_.id(name), size);
  std::sort(images.begin(), images.end());
  bool scores_differ = images != rest.images;
  rest.images = std::move(images);
  if (c.live[n] == 0) {
    changes |= node_added;
    ++live_nodes_;
    ++epoch_;
  }
  c.live[n] = 1;
  if (changes != node_same || scores_differ)
    note(n);
  return static_cast<std::uint8_t>(changes);
}

void picture::drop_node(std::string_view name) {
  auto n = find_node(name);
  if (n == no_node || columns_.live[n] == 0)
    return;
  columns_.live[n] = 0;
  --live_nodes_;
  ++epoch_;
  note(n);
  free_slot(n);
}

void picture::note(node_id n) {
  ++changes_;
  if (!log_.empty() && log_.back() == n)
    return;
  log_.push_back(n);
  if (log_.size() > 4 * rest_.size() + 4096) { // whoever is that far behind looks at all nodes
    auto half = log_.size() / 2;
    log_.erase(log_.begin(), log_.begin() + static_cast<std::ptrdiff_t>(half));
    log_start_ += half;
  }
}

std::optional<std::span<const node_id>> picture::since(std::uint64_t then) const {
  if (then < log_start_)
    return std::nullopt;
  // The last entry may have been noted again without growing the log: it always counts as new.
  auto from = static_cast<std::size_t>(then - log_start_);
  return std::span{log_}.subspan(from > 0 ? from - 1 : 0);
}

// -- pods ---------------------------------------------------------------------

const pod_id* picture::find_pod(std::string_view uid) const {
  auto at = by_uid_.find(std::string{uid});
  return at == by_uid_.end() ? nullptr : &at->second;
}

pod_id picture::put_pod(const views::pod_demand& d) {
  auto key = shape_key(d);
  auto known = by_key_.find(key);
  if (known == by_key_.end()) {
    shapes_.push_back(compile(d));
    known = by_key_.emplace(std::move(key), static_cast<shape_id>(shapes_.size() - 1)).first;
    ++unused_;
  }
  auto s = known->second;
  auto at = by_uid_.find(d.meta.uid);
  if (at != by_uid_.end()) {
    auto& p = pods_[at->second];
    p.priority = d.priority;
    p.terminating = d.meta.deleted.has_value();
    if (p.shape != s) { // its labels or requests changed
      auto node = p.node;
      displace(at->second);
      unused_ += --shapes_[p.shape].users == 0 ? 1 : 0;
      unused_ -= shapes_[s].users++ == 0 ? 1 : 0;
      p.shape = s;
      if (node != no_node)
        place(at->second, node);
    }
    return at->second;
  }
  pod_id id = 0;
  if (free_pods_.empty()) {
    id = static_cast<pod_id>(pods_.size());
    pods_.emplace_back();
  } else {
    id = free_pods_.back();
    free_pods_.pop_back();
  }
  pods_[id] = {.ns = d.meta.ns,
               .name = d.meta.name,
               .uid = d.meta.uid,
               .shape = s,
               .priority = d.priority,
               .node = no_node,
               .live = true,
               .preempts = d.preempts,
               .terminating = d.meta.deleted.has_value(),
               .created = d.meta.created.value_or(instant{})};
  unused_ -= shapes_[s].users++ == 0 ? 1 : 0;
  by_uid_.emplace(d.meta.uid, id);
  return id;
}

void picture::drop_pod(pod_id id) {
  displace(id);
  auto& p = pods_[id];
  unused_ += --shapes_[p.shape].users == 0 ? 1 : 0;
  by_uid_.erase(p.uid);
  p = {};
  free_pods_.push_back(id);
}

void picture::place(pod_id id, node_id n) {
  auto& p = pods_[id];
  if (p.node == n)
    return;
  if (p.node != no_node)
    displace(id);
  p.node = n;
  rest_[n].placed.push_back(id);
  count(id, 1);
}

void picture::displace(pod_id id) {
  auto& p = pods_[id];
  if (p.node == no_node)
    return;
  auto n = p.node;
  count(id, -1);
  auto& placed = rest_[n].placed;
  auto at = std::find(placed.begin(), placed.end(), id);
  invariant(at != placed.end(), "a placed pod is on its node's list");
  *at = placed.back();
  placed.pop_back();
  p.node = no_node;
  free_slot(n);
}

void picture::count(pod_id id, std::int32_t sign) {
  const auto& p = pods_[id];
  const auto& s = shapes_[p.shape];
  auto n = p.node;
  auto& c = columns_;
  c.cpu_used[n] += sign * s.cpu;
  c.memory_used[n] += sign * s.memory;
  c.storage_used[n] += sign * s.storage;
  c.cpu_scored[n] += sign * s.scored_cpu;
  c.memory_scored[n] += sign * s.scored_memory;
  c.pods_used[n] += sign;
  for (const auto& [name, amount] : s.extended)
    add_amount(rest_[n].extended_used, name, sign * amount);
  auto& ports = rest_[n].ports;
  for (const auto& port : s.ports) {
    auto same = [&](const auto& o) {
      return o.port == port.port && o.protocol == port.protocol && o.ip == port.ip;
    };
    if (sign > 0)
      ports.push_back(port);
    else if (auto at = std::find_if(ports.begin(), ports.end(), same); at != ports.end())
      ports.erase(at);
  }
  note(n);
  count_terms(s, n, sign);
}

} // namespace troupe::scheduler
