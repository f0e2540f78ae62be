#include "actors/scheduler/plugins/spread/plugin.hpp"

namespace troupe::scheduler {

verdict spread::filter(const context& c, node_id n) {
  const auto& rules = c.shape.spread;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (!rules[i].required)
      continue;
    const auto& t = c.picture.term_of(rules[i].term);
    auto d = c.picture.domain(t, n);
    if (d == no_domain)
      return {why::spread_label};
    auto after = t.matching.at(d) + (rules[i].matches_self ? 1 : 0);
    if (after - c.least[i] > rules[i].max_skew)
      return {why::spread};
  }
  return {};
}

std::int32_t spread::score(const context& c, node_id n) {
  std::int32_t sum = 0;
  std::int32_t parts = 0;
  const auto& rules = c.shape.spread;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (rules[i].required)
      continue;
    const auto& t = c.picture.term_of(rules[i].term);
    auto d = c.picture.domain(t, n);
    if (d != no_domain)
      sum += 100 / (1 + std::max(0, t.matching.at(d) - c.least[i]));
    ++parts;
  }
  // Kubernetes' default constraints hold only for pods that name none.
  if (const auto* own = rules.empty() ? c.picture.owner_term(c.shape) : nullptr) {
    sum += 100 / (1 + own->matching.at(c.picture.domain(*own, n)));
    ++parts;
  }
  return parts == 0 ? 0 : sum / parts;
}

} // namespace troupe::scheduler
