// What members of a group say to each other.
#pragma once

#include "store/raft/types.hpp"

namespace troupe::raft {

enum class vote_kind : std::uint8_t {
  pre,  // would you vote for me? Changes nothing at anybody (thesis 9.6)
  real, // a vote in the letter's term
};

/// `letter::term` is the term that the sender campaigns for; in a pre-vote one more than its own.
struct vote_request {
  vote_kind kind = vote_kind::real;
  log_position last; // of the candidate's log
  bool transfer =
    false; // the old leader asked for it: who still hears a leader answers all the same
  bool operator==(const vote_request&) const = default;
};
/// A granted pre-vote carries the term asked for, a refused one the voter's own.
struct vote_answer {
  vote_kind kind = vote_kind::real;
  bool granted = false;
  bool operator==(const vote_answer&) const = default;
};

struct append_request {
  log_position before; // the entry in front of `entries`
  std::vector<entry> entries;
  log_index commit{};
  bool operator==(const append_request&) const = default;
};
/// Durable at the sender, and the same as the leader's, up to `match`.
struct append_accepted {
  log_index match{};
  bool operator==(const append_accepted&) const = default;
};
/// There is no entry as asked for at `rejected`; the logs may agree up to `hint`.
struct append_rejected {
  log_index rejected{};
  log_position hint;
  bool operator==(const append_rejected&) const = default;
};

struct heartbeat {
  log_index commit{}; // never above what this follower is known to have
  read_round round{};
  bool operator==(const heartbeat&) const = default;
};
struct heartbeat_answer {
  read_round round{};
  bool operator==(const heartbeat_answer&) const = default;
};
/// More is committed and there is nothing to append. Not answered.
struct commit_notice {
  log_index commit{};
  bool operator==(const commit_notice&) const = default;
};
/// Your term is over: the answer to a leader of an older term.
struct stale_term {
  bool operator==(const stale_term&) const = default;
};

struct snapshot_chunk {
  snapshot_id id{};
  snapshot_mark mark;
  std::uint64_t offset = 0; // of `bytes` in the snapshot
  std::uint64_t total = 0;  // bytes of the whole snapshot
  shared_bytes bytes;       // null: nothing, the letter only asks where to go on
  bool operator==(const snapshot_chunk& other) const;
};
/// The first `next` bytes of the snapshot are stored: go on there.
struct snapshot_answer {
  snapshot_id id{};
  std::uint64_t next = 0;
  bool operator==(const snapshot_answer&) const = default;
};

/// Campaign now (thesis 3.10).
struct timeout_now {
  bool operator==(const timeout_now&) const = default;
};

/// Which index must I have applied to answer reads that came in before this letter?
struct read_request {
  std::uint64_t number = 0; // the follower's
  bool operator==(const read_request&) const = default;
};
struct read_answer {
  std::uint64_t number = 0;
  log_index index{};
  bool operator==(const read_answer&) const = default;
};

using letter_body =
  std::variant<vote_request, vote_answer, append_request, append_accepted, append_rejected,
               heartbeat, heartbeat_answer, commit_notice, stale_term, snapshot_chunk,
               snapshot_answer, timeout_now, read_request, read_answer>;

struct letter {
  member_id from{};
  member_id to{};
  term_id term{};
  letter_body body;
  bool operator==(const letter&) const = default;
};

/// Big and patient: belongs on the bulk connection, where it does not delay heartbeats.
inline bool is_bulk(const letter& l) { return std::holds_alternative<snapshot_chunk>(l.body); }

} // namespace troupe::raft
