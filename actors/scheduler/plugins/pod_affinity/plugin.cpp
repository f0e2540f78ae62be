#include "actors/scheduler/plugins/pod_affinity/plugin.hpp"

#include <cstdlib>

namespace troupe::scheduler {
namespace {

/// A pod may be the first of those that it wants to be with.
bool affinity_holds(const context& c, node_id n) {
  const auto& s = c.shape;
  bool all = true;
  bool first = true;
  for (std::size_t i = 0; i < s.affinity.size(); ++i) {
    const auto& t = c.picture.term_of(s.affinity[i]);
    auto d = c.picture.domain(t, n);
    if (d == no_domain)
      return false;
    all = all && t.matching.at(d) > 0;
    first = first && c.nobody_yet[i] != 0 && s.affinity_matches_self[i];
  }
  return all || first;
}

} // namespace

verdict pod_affinity::filter(const context& c, node_id n) {
  const auto& p = c.picture;
  if (!affinity_holds(c, n))
    return {why::affinity};
  for (auto id : c.shape.anti_affinity) {
    const auto& t = p.term_of(id);
    if (t.matching.at(p.domain(t, n)) > 0)
      return {why::anti_affinity};
  }
  for (auto id : c.shunning) {
    const auto& t = p.term_of(id);
    if (t.shunned.at(p.domain(t, n)) > 0)
      return {why::existing_anti_affinity};
  }
  return {};
}

std::int32_t pod_affinity::score(const context& c, node_id n) {
  const auto& p = c.picture;
  std::int64_t sum = 0;
  for (const auto& w : c.shape.preferred) {
    const auto& t = p.term_of(w.term);
    sum += std::int64_t{w.weight} * t.matching.at(p.domain(t, n));
  }
  for (auto id : c.pulling) {
    const auto& t = p.term_of(id);
    sum += t.pull.at(p.domain(t, n));
  }
  // Squeezed, not normalized over all nodes: one placement then changes few nodes' scores.
  return static_cast<std::int32_t>(50 + 50 * sum / (std::abs(sum) + 100));
}

} // namespace troupe::scheduler
