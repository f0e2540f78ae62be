// What can be set about one member's core.
#pragma once

#include "store/raft/types.hpp"

namespace troupe::raft {

class witness;

/// Deliberate bugs. For tests only: a test suite that does not find them proves nothing.
struct mutants {
  bool acknowledge_before_sync = false;       // answers appends before they are durable
  bool commit_older_term_by_counting = false; // figure 3.7 of the thesis
  bool vote_twice_after_restart = false;      // does not write down for whom it voted
  bool skip_read_index_round = false;         // a leader answers reads without asking anybody
  bool cut_what_is_not_durable = false; // the log goes before the state machine has it on its disk
};

struct options {
  member_id self{};
  std::uint64_t seed = 0; // of the election timeouts; differs between members

  std::uint32_t heartbeat_ticks = 1;
  /// A follower that heard nothing for this long, plus up to as much again by chance, campaigns.
  std::uint32_t election_ticks = 10;

  std::uint64_t max_batch_bytes = 1U << 20;        // entries in one letter (at least one entry)
  std::uint32_t max_in_flight = 256;               // unacknowledged letters per follower
  std::uint64_t max_in_flight_bytes = 16U << 20;   // unacknowledged bytes per follower
  std::uint64_t max_uncommitted_bytes = 64U << 20; // above it proposals are refused
  std::uint64_t max_apply_bytes = 16U << 20;       // handed to the host and not yet applied
  std::uint32_t max_pending_reads = 65536;         // above it reads are refused
  std::uint64_t memory_bytes = 4U << 20;  // of entries kept for sending; older ones are loaded
  std::uint64_t keep_entries = 10000;     // kept below a compaction for slow followers
  std::uint64_t chunk_bytes = 1U << 20;   // of a snapshot in one letter
  /// A learner may be promoted when it lacks at most this many entries.
  std::uint64_t promote_lag = 1000;

  raft::mutants mutants;
  witness* seen_by = nullptr; // tests only: told of every step; must outlive the core
};

} // namespace troupe::raft
