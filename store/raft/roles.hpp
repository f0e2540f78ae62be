// What a member remembers only while it has a role: what does not belong to a role cannot be
// written.
#pragma once

#include "store/raft/progress.hpp"

#include <map>

namespace troupe::raft {

struct follower {
  member_id leader{}; // nobody: unknown
  // Reads forwarded to the leader: one letter under way at a time, the rest goes with the next.
  std::uint64_t read_number = 0; // of the letter under way; 0: none
  std::vector<ticket> asked;
  std::vector<ticket> waiting;
};

struct candidate {
  vote_kind phase = vote_kind::pre;
  bool transfer = false;
  std::map<member_id, bool> votes;
  write_id own_vote{}; // in the real phase: its own vote counts once this write is durable
};

/// A read that waits for a round of heartbeats; from another member if `from` is not nobody.
struct pending_read {
  raft::ticket ticket{};
  member_id from{};
  std::uint64_t number = 0;
};

struct leader {
  std::map<member_id, progress> peers;
  log_index first{}; // its term's first entry
  std::uint64_t uncommitted_bytes = 0;
  member_id transfer_to{};         // nobody: no transfer
  read_round round{};              // the last one begun
  log_index round_index{};         // commit index when it began
  std::vector<pending_read> asked; // answered when `round` is
  std::vector<pending_read> waiting;
};

} // namespace troupe::raft
