#include "actors/scheduler/plugins/images/plugin.hpp"

namespace troupe::scheduler {

std::int32_t images::score(const context& c, node_id n) {
  constexpr std::int64_t least = 23LL << 20; // Kubernetes' thresholds
  constexpr std::int64_t most = 1000LL << 20;
  const auto& there = c.picture.rest(n).images;
  if (there.empty() || c.shape.images.empty())
    return 0;
  std::int64_t sum = 0;
  for (auto name : c.shape.images)
    if (auto at = std::lower_bound(there.begin(), there.end(), std::pair{name, std::int64_t{0}});
        at != there.end() && at->first == name)
      sum += at->second;
  auto top = most * static_cast<std::int64_t>(c.shape.images.size());
  return static_cast<std::int32_t>(100 * (std::clamp(sum, least, top) - least) / (top - least));
}

} // namespace troupe::scheduler
