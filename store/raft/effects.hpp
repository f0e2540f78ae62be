// What a core orders its host to do. The contract, duty by duty, is in README.md.
#pragma once

#include "store/raft/letter.hpp"

#include <optional>

namespace troupe::raft {

enum class verdict : std::uint8_t {
  accepted,
  not_leader,    // nothing was done; `leader` is the hint
  too_busy,      // nothing was done: too much is uncommitted, or too many reads wait
  transferring,  // nothing was done: leadership is being handed over
  pending,       // a membership change before this one is not committed yet
  not_caught_up, // the learner lacks too much of the log to become a voter
  refused,       // the change makes no sense for the configuration in force
};

/// The answer to a proposal or a membership change. Accepted means: in the log, not yet committed.
struct answer {
  raft::ticket ticket{};
  raft::verdict verdict = raft::verdict::accepted;
  log_position first; // of the first command; the others follow. Zero unless accepted.
  member_id leader{}; // who leads, as far as known
  bool operator==(const answer&) const = default;
};

/// Accepted: the read may be answered by a state machine that has applied `index`.
struct read_verdict {
  raft::ticket ticket{};
  raft::verdict verdict = raft::verdict::accepted;
  log_index index{};
  bool operator==(const read_verdict&) const = default;
};

enum class role_name : std::uint8_t { follower, pre_candidate, candidate, leader };

struct leadership {
  role_name role = role_name::follower;
  term_id term{};
  member_id leader{}; // nobody: unknown
  /// A leader's: the first entry of its term. What it applied is current once this is applied.
  log_index first{};
  bool operator==(const leadership&) const = default;
};

/// Read entries from the log file: from `from` on, up to `to`, at most `max_bytes` but at least
/// one.
struct load_entries {
  log_index from{};
  log_index to{};
  std::uint64_t max_bytes = 0;
  bool operator==(const load_entries&) const = default;
};

/// Take a snapshot of the state machine for `to`, or share one that is recent.
struct take_snapshot {
  member_id to{};
  bool operator==(const take_snapshot&) const = default;
};
struct load_chunk {
  member_id to{};
  snapshot_id id{};
  std::uint64_t offset = 0;
  std::uint64_t max_bytes = 0;
  bool operator==(const load_chunk&) const = default;
};
/// `to` needs the snapshot no more.
struct release_snapshot {
  member_id to{};
  snapshot_id id{};
  bool operator==(const release_snapshot&) const = default;
};
/// Keep these bytes of a snapshot that is coming in. Offset 0 begins anew and drops any other.
struct store_chunk {
  member_id from{};
  snapshot_id id{};
  std::uint64_t offset = 0;
  shared_bytes bytes;
  bool operator==(const store_chunk& other) const;
};
/// Replace the state machine by the snapshot, durably, together with its mark.
struct install_snapshot {
  member_id from{};
  snapshot_id id{};
  snapshot_mark mark;
  bool operator==(const install_snapshot&) const = default;
};
using snapshot_order =
  std::variant<take_snapshot, load_chunk, release_snapshot, store_chunk, install_snapshot>;

/// The host performs these in this order.
struct [[nodiscard]] effects {
  /// 1. May leave before the sync: a leader's appends go out while it writes (thesis 10.2.1).
  std::vector<letter> send_now;

  /// The number of the write made of 2 to 4; without any, of the last write before.
  write_id write{};
  std::optional<ballot> save_ballot;      // 2. durable in one sync with 3 and 4
  std::optional<snapshot_mark> reset_log; // 3. forget the whole log; it starts after this mark
  std::vector<entry> append; // 4. the first one replaces what the log holds from its index on

  /// 5. Votes and acknowledgements: only once `write` is durable.
  std::vector<letter> send_after_sync;

  std::optional<snapshot_mark> cut_head;      // 6. the log file may drop entries up to here
  std::vector<entry> apply;                   // 7. committed and durable here, in index order
  std::vector<answer> answers;                // 8. to proposals and membership changes
  std::vector<read_verdict> reads;            // 9. to reads
  std::vector<load_entries> load;             // 10. old entries wanted from the log file
  std::vector<snapshot_order> snapshots;      // 11.
  std::optional<raft::leadership> leadership; // 12. it changed: act on it at once

  bool writes() const { return save_ballot || reset_log || !append.empty(); }
};

} // namespace troupe::raft
