#include "actors/scheduler/core.hpp"

#include "actors/scheduler/framework/preempt.hpp"

namespace troupe::scheduler {

void core::put_node(const views::node_supply& n, instant now) {
  // node_change and happening have the same bits.
  if (auto changes = picture_.put_node(n); changes != node_same)
    queue_.happened(changes, now);
}

void core::drop_node(std::string_view name) { picture_.drop_node(name); }

void core::put_namespace(const std::string& name, const api::string_map& labels, instant now) {
  picture_.put_namespace(name, labels);
  queue_.happened(some_pod_placed | some_pod_gone, now);
}

void core::put_pod(const views::pod_demand& d, instant now) {
  const auto* known = picture_.find_pod(d.meta.uid);
  if (d.ended || (d.node.empty() && (d.meta.deleted || d.scheduler != settings_.name))) {
    if (known != nullptr)
      forget(*known, now);
    return;
  }
  if (d.node.empty() && known != nullptr && assumed_.contains(*known)) {
    return; // our own binding is under way
  }
  auto before = known == nullptr ? std::optional<shape_id>{} : picture_.pod(*known).shape;
  auto p = picture_.put_pod(d);
  if (d.node.empty()) {
    // A mere change of status (our own, saying that it does not fit) is no reason to try again.
    if (!queue_.same(p, d.priority, d.gated) || before != picture_.pod(p).shape)
      queue_.add(p, d.priority, d.meta.created.value_or(instant{}), d.gated, now);
    return;
  }
  assumed_.erase(p);
  nominated_.erase(p);
  queue_.remove(p);
  bool here = picture_.pod(p).node != no_node
              && picture_.text(picture_.rest(picture_.pod(p).node).name) == d.node;
  if (!here) {
    picture_.place(p, d.node);
    queue_.happened(some_pod_placed, now);
  }
}

void core::drop_pod(std::string_view uid, instant now) {
  if (const auto* p = picture_.find_pod(uid))
    forget(*p, now);
}

void core::forget(pod_id p, instant now) {
  queue_.remove(p);
  assumed_.erase(p);
  nominated_.erase(p);
  bool held = picture_.pod(p).node != no_node;
  picture_.drop_pod(p);
  if (held)
    queue_.happened(some_pod_gone, now);
}

void core::bind_failed(std::string_view uid, instant now) {
  const auto* p = picture_.find_pod(uid);
  if (p == nullptr || assumed_.erase(*p) == 0)
    return;
  auto id = *p;
  picture_.displace(id);
  // Its attempts are forgotten with its entry; a refused bind is rare and pauses like the first.
  queue_.add(id, picture_.pod(id).priority, picture_.pod(id).created, false, now);
  queue_.failed(id, now);
  queue_.happened(some_pod_gone, now);
}

void core::forget_assumed(instant now) {
  for (const auto& [p, n] : std::exchange(assumed_, {})) {
    picture_.displace(p);
    queue_.add(p, picture_.pod(p).priority, picture_.pod(p).created, false, now);
  }
}

pod_ref core::ref(pod_id p) const {
  const auto& e = picture_.pod(p);
  return {e.ns, e.name, e.uid};
}

core::kept_candidates& core::candidates_of(shape_id s) {
  auto at = kept_.find(s);
  if (at != kept_.end()) {
    recently_.splice(recently_.begin(), recently_, at->second.used);
    return at->second;
  }
  if (kept_.size() >= settings_.kept) {
    kept_.erase(recently_.back());
    recently_.pop_back();
  }
  recently_.push_front(s);
  auto& made = kept_[s];
  made.used = recently_.begin();
  return made;
}

/// A pod that names its nodes (of a DaemonSet) is not worth a table of all nodes.
node_id core::pick_named(const shape& s) {
  auto context = make_context(picture_, s, find_eligible(picture_, s));
  node_id best = no_node;
  std::int32_t most = -1;
  for (auto name : s.only_nodes) {
    auto n = picture_.find_node(picture_.text(name));
    if (n == no_node || picture_.columns().live[n] == 0 || !filter(context, n))
      continue;
    if (auto points = score(context, n); points > most) {
      most = points;
      best = n;
    }
  }
  return best;
}

node_id core::pick(pod_id p) {
  auto id = picture_.pod(p).shape;
  const auto& s = picture_.shape_of(id);
  if (auto made_room = nominated_.find(p); made_room != nominated_.end()) {
    auto n = made_room->second;
    picture_.displace(p);
    auto context = make_context(picture_, s, find_eligible(picture_, s));
    if (picture_.columns().live[n] != 0 && filter(context, n))
      return n;
  }
  if (s.names_nodes)
    return pick_named(s);
  if (s.users <= 2 && !kept_.contains(id))
    return sample(make_context(picture_, s, find_eligible(picture_, s)), start_,
                  enough_of(picture_.nodes()), random_);
  auto& kept = candidates_of(id);
  kept.nodes.refresh(picture_, s);
  return kept.nodes.best(random_);
}

decision core::refuse(pod_id p, instant now) {
  auto id = picture_.pod(p).shape;
  const auto& s = picture_.shape_of(id);
  auto eligible = find_eligible(picture_, s);
  auto& kept = candidates_of(id);
  if (kept.refused_at != picture_.changes()) {
    kept.reason = explain(make_context(picture_, s, eligible));
    kept.refused_at = picture_.changes();
  }
  auto reason = kept.reason;
  decision out{
    .pod = ref(p), .node = {}, .message = reason.sentence(), .nominated = {}, .victims = {}};
  auto helps = reason.helps;
  if (auto room = nominated_.find(p); room != nominated_.end()) {
    // Its victims are still leaving: the room stays its own.
    if (picture_.columns().live[room->second] != 0)
      picture_.place(p, room->second);
    else
      nominated_.erase(room);
    helps |= some_pod_gone;
  } else if (reason.nodes > 0) {
    auto allowed = picture_.pod(p).preempts;
    auto found = allowed && reason.hopeless < reason.nodes ? find_preemption(picture_, p, eligible)
                                                           : std::nullopt;
    if (found) {
      for (auto v : found->victims)
        if (nominated_.erase(v) > 0)
          picture_.displace(v); // it only had room kept for it
        else if (!picture_.pod(v).terminating)
          out.victims.push_back(ref(v));
      out.nominated = picture_.text(picture_.rest(found->node).name);
      nominated_[p] = found->node;
      picture_.place(p, found->node);
      helps |= some_pod_gone;
    } else {
      out.message += " preemption: " + no_preemption(reason, allowed);
    }
  }
  queue_.refused(p, helps, now);
  return out;
}

std::vector<decision> core::decide(std::size_t most, instant now) {
  std::vector<decision> out;
  bool placed = false;
  while (out.size() < most) {
    auto p = queue_.pop(now);
    if (!p)
      break;
    auto n = pick(*p);
    if (n == no_node) {
      out.push_back(refuse(*p, now));
      continue;
    }
    picture_.place(*p, n);
    nominated_.erase(*p);
    assumed_[*p] = n;
    queue_.placed(*p);
    placed = true;
    out.push_back({.pod = ref(*p),
                   .node = picture_.text(picture_.rest(n).name),
                   .message = {},
                   .nominated = {},
                   .victims = {}});
  }
  if (placed)
    queue_.happened(some_pod_placed, now);
  return out;
}

std::vector<std::pair<std::string, std::vector<std::string>>>
core::why(std::string_view uid) const {
  std::vector<std::pair<std::string, std::vector<std::string>>> out;
  const auto* p = picture_.find_pod(uid);
  if (p == nullptr)
    return out;
  const auto& s = picture_.shape_of(picture_.pod(*p).shape);
  for (const auto& row : reasons_by_node(make_context(picture_, s, find_eligible(picture_, s)))) {
    auto& line =
      out.emplace_back(picture_.text(picture_.rest(row.node).name), std::vector<std::string>{});
    for (const auto& v : row.why)
      line.second.push_back(text_of(picture_, row.node, v));
  }
  return out;
}

} // namespace troupe::scheduler
