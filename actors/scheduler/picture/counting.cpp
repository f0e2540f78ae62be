// The part of the picture that counts terms per domain.
#include "actors/scheduler/picture/picture.hpp"

namespace troupe::scheduler {

void picture::bump(tally& counts, const scheduler::term& t, node_id n, std::int32_t by,
                   bool graded) {
  const auto& topology = topologies_[t.where];
  auto d = topology.of_node[n];
  if (d == no_domain)
    return;
  auto after = counts.add(d, by);
  if (!graded && after != 0 && after != by)
    return; // there were some before and there are some now
  for (auto member : topology.members[static_cast<std::size_t>(d)])
    note(member);
}

void picture::count_terms(const shape& s, node_id n, std::int32_t sign) {
  for (auto t : sets_[s.label_set].matched)
    bump(terms_[t].matching, terms_[t], n, sign, terms_[t].graded);
  for (auto t : s.anti_affinity)
    bump(terms_[t].shunned, terms_[t], n, sign, false);
  for (auto t : s.affinity) // Kubernetes' hardPodAffinityWeight
    bump(terms_[t].pull, terms_[t], n, sign, true);
  for (const auto& p : s.preferred)
    bump(terms_[p.term].pull, terms_[p.term], n, sign * p.weight, true);
}

void picture::recount(scheduler::term& t) {
  t.matching.clear();
  const auto& where = topologies_[t.where];
  std::unordered_map<std::uint32_t, bool> known; // by label set
  for (const auto& p : pods_) {
    if (!p.live || p.node == no_node)
      continue;
    auto set = shapes_[p.shape].label_set;
    auto [at, fresh] = known.try_emplace(set, false);
    if (fresh)
      at->second = matches(t, sets_[set]);
    if (at->second)
      t.matching.add(where.of_node[p.node], 1);
  }
}

void picture::join(topology& t, node_id n) {
  auto value = rest_[n].name; // key 0: the node itself
  if (t.key != 0) {
    const auto& labels = rest_[n].labels;
    auto at = std::lower_bound(labels.begin(), labels.end(), std::pair{t.key, name_id{0}});
    if (at == labels.end() || at->first != t.key)
      return;
    value = at->second;
  }
  auto made = static_cast<domain_id>(t.members.size());
  auto d = t.by_value.try_emplace(value, made).first->second;
  if (d == made)
    t.members.emplace_back();
  t.of_node[n] = d;
  t.members[static_cast<std::size_t>(d)].push_back(n);
}

void picture::join_topologies(node_id n) {
  for (auto& t : topologies_)
    join(t, n);
}

void picture::leave_topologies(node_id n) {
  for (auto& t : topologies_) {
    auto d = t.of_node[n];
    if (d == no_domain)
      continue;
    std::erase(t.members[static_cast<std::size_t>(d)], n);
    t.of_node[n] = no_domain;
  }
}

topology_id picture::topology_for(std::string_view key) {
  auto id = names_.id(key);
  for (std::size_t i = 0; i < topologies_.size(); ++i)
    if (topologies_[i].key == id)
      return static_cast<topology_id>(i);
  topologies_.push_back({.key = id, .by_value = {}, .of_node = {}, .members = {}});
  topologies_.back().of_node.resize(rest_.size(), no_domain);
  for (const auto& [name, n] : by_name_)
    join(topologies_.back(), n);
  return static_cast<topology_id>(topologies_.size() - 1);
}

bool picture::in_scope(const scheduler::term& t, const label_set& s) const {
  if (t.every_namespace
      || std::find(t.namespaces.begin(), t.namespaces.end(), s.ns) != t.namespaces.end())
    return true;
  if (t.namespace_selector.nothing)
    return false;
  auto labels = namespaces_.find(s.ns);
  return t.namespace_selector.matches(labels == namespaces_.end() ? api::string_map{}
                                                                  : labels->second);
}

bool picture::matches(const scheduler::term& t, const label_set& s) const {
  if (t.owner_group != 0)
    return t.owner_group == s.owner_group;
  return in_scope(t, s) && t.selector.matches(s.labels);
}

term_id picture::term_for(scheduler::term t, const std::string& key) {
  auto made = static_cast<term_id>(terms_.size());
  auto [at, fresh] = term_ids_.try_emplace(key, made);
  if (!fresh)
    return at->second;
  terms_.push_back(std::move(t));
  auto& term = terms_.back();
  if (term.owner_group != 0) // nobody of this owner was here before
    return made;
  selector_terms_.push_back(made);
  for (auto& s : sets_)
    if (matches(term, s))
      s.matched.push_back(made);
  recount(term);
  return made;
}

void picture::put_namespace(const std::string& name, const api::string_map& labels) {
  auto& known = namespaces_[names_.id(name)];
  if (known == labels)
    return;
  known = labels;
  match_again();
}

/// Namespaces changed their labels: who matches whom has to be found again.
void picture::match_again() {
  bool any = std::any_of(selector_terms_.begin(), selector_terms_.end(),
                         [&](term_id t) { return !terms_[t].namespace_selector.nothing; });
  if (!any)
    return;
  for (auto& s : sets_)
    std::erase_if(s.matched, [&](term_id t) { return terms_[t].owner_group == 0; });
  for (auto t : selector_terms_) {
    for (auto& s : sets_)
      if (matches(terms_[t], s))
        s.matched.push_back(t);
    recount(terms_[t]);
  }
  ++epoch_;
}

} // namespace troupe::scheduler
