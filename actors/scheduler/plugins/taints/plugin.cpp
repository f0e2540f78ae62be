#include "actors/scheduler/plugins/taints/plugin.hpp"

namespace troupe::scheduler {

bool taints::tolerated(const shape& s, const compiled_taint& t) {
  return std::any_of(s.tolerations.begin(), s.tolerations.end(), [&](const auto& o) {
    return (o.any_effect || o.effect == t.effect)
           && (o.key == 0 ? o.exists : o.key == t.key && (o.exists || o.value == t.value));
  });
}

verdict taints::filter(const context& c, node_id n) {
  const auto& all = c.picture.rest(n).taints;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].effect != effect::prefer_no_schedule && !tolerated(c.shape, all[i]))
      return {why::untolerated_taint, static_cast<name_id>(i)};
  return {};
}

std::int32_t taints::score(const context& c, node_id n) {
  const auto& all = c.picture.rest(n).taints;
  std::int32_t disliked = 0;
  for (const auto& t : all)
    disliked += t.effect == effect::prefer_no_schedule && !tolerated(c.shape, t) ? 1 : 0;
  return 100 / (1 + disliked);
}

} // namespace troupe::scheduler
