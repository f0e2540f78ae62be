#include "actors/scheduler/framework/context.hpp"

#include "actors/scheduler/plugins/node_affinity/plugin.hpp"

#include <limits>

namespace troupe::scheduler {

eligibility find_eligible(const picture& p, const shape& s) {
  eligibility out;
  for (const auto& rule : s.spread) {
    const auto& topology = p.topology_of(p.term_of(rule.term).where);
    auto& domains = out.domains.emplace_back(topology.members.size(), 0);
    for (std::size_t d = 0; d < domains.size(); ++d)
      domains[d] = std::any_of(topology.members[d].begin(), topology.members[d].end(),
                               [&](node_id n) {
                                 return p.columns().live[n] != 0 && node_affinity::wanted(p, s, n);
                               })
                     ? 1
                     : 0;
  }
  return out;
}

namespace {

std::int32_t fewest(const term& t, const spread_rule& rule,
                    const std::vector<std::uint8_t>& eligible) {
  auto least = std::numeric_limits<std::int32_t>::max();
  std::int32_t domains = 0;
  for (std::size_t d = 0; d < eligible.size(); ++d)
    if (eligible[d] != 0) {
      ++domains;
      least = std::min(least, t.matching.at(static_cast<domain_id>(d)));
    }
  return domains < rule.min_domains || domains == 0 ? 0 : least;
}

} // namespace

context make_context(const picture& p, const shape& s, const eligibility& e) {
  context c{.picture = p,
            .shape = s,
            .shunning = {},
            .pulling = {},
            .least = {},
            .nobody_yet = {},
            .preferred_weight = 0};
  for (auto id : p.matched(s.label_set)) {
    const auto& t = p.term_of(id);
    if (t.shunned.total() > 0)
      c.shunning.push_back(id);
    if (t.pull.used())
      c.pulling.push_back(id);
  }
  for (std::size_t i = 0; i < s.spread.size(); ++i)
    c.least.push_back(fewest(p.term_of(s.spread[i].term), s.spread[i], e.domains[i]));
  for (auto id : s.affinity)
    c.nobody_yet.push_back(p.term_of(id).matching.total() == 0 ? 1 : 0);
  for (const auto& [weight, t] : s.preferred_nodes)
    c.preferred_weight += weight;
  return c;
}

bool same_outlook(const context& a, const context& b) {
  return a.least == b.least && a.nobody_yet == b.nobody_yet;
}

} // namespace troupe::scheduler
