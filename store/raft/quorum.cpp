// Majorities.
#include "store/raft/quorum.hpp"

#include <algorithm>

namespace troupe::raft {

log_index agreed(std::vector<log_index> matches) {
  if (matches.empty())
    return {};
  // Of n sorted downwards, n/2 + 1 are at or above the one at n/2.
  auto middle = matches.begin() + static_cast<std::ptrdiff_t>(matches.size() / 2);
  std::nth_element(matches.begin(), middle, matches.end(), std::greater<>{});
  return *middle;
}

poll tally(const configuration& members, const std::map<member_id, bool>& votes) {
  std::uint64_t yes = 0;
  std::uint64_t no = 0;
  for (const auto& [who, granted] : votes) {
    if (members.is_voter(who))
      ++(granted ? yes : no);
  }
  auto voters = members.voters();
  auto needed = voters / 2 + 1;
  if (yes >= needed)
    return poll::won;
  return voters - no < needed ? poll::lost : poll::open;
}

} // namespace troupe::raft
