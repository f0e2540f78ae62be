// Majorities: the arithmetic on which everything rests, apart so that it can be tested alone.
#pragma once

#include "store/raft/types.hpp"

#include <map>

namespace troupe::raft {

/// The highest index that a majority of `matches` (one per voter) has reached; 0 for no voters.
log_index agreed(std::vector<log_index> matches);

enum class poll : std::uint8_t { open, won, lost };

/// `votes` holds an answer per member asked; only those of voters count.
poll tally(const configuration& members, const std::map<member_id, bool>& votes);

} // namespace troupe::raft
