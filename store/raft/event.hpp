// What a core can be told.
#pragma once

#include "store/raft/letter.hpp"

namespace troupe::raft {

/// One tick of the host's clock has passed.
struct tick {};

/// Campaign now, without waiting for the timeout (a lone voter's start; a test's).
struct campaign {};

/// Append these, in this order, all or none. Answered by `effects::answers`.
struct proposal {
  raft::ticket ticket{};
  std::vector<shared_bytes> commands; // at least one
};

/// A linearizable read wants to know which index it must see. Answered by `effects::reads`.
struct read {
  raft::ticket ticket{};
};

/// Answered by `effects::answers`; a change is in force once appended, and safe once committed.
struct change_membership {
  raft::ticket ticket{};
  membership_change change;
};

/// Hand leadership to `to`, or to whoever has most of the log when it is nobody. Given up after one
/// election timeout. Answered by `effects::leadership` only.
struct transfer_leadership {
  member_id to{};
};

/// A letter arrived.
struct received {
  raft::letter letter;
};

/// Write `id` and all before it are durable.
struct write_finished {
  write_id id{};
};

/// The state machine contains everything up to `index`.
struct applied {
  log_index index{};
};

/// The answer to `load_entries`: consecutive entries from `from` on; none when they could not be
/// read.
struct entries_loaded {
  log_index from{};
  std::vector<entry> entries;
};

/// The state machine is durable up to `up_to`: the log below is not needed any more on this member.
struct compact {
  log_index up_to{};
};

/// The answer to `take_snapshot`. `index` is what the snapshot contains; 0: none could be taken.
struct snapshot_taken {
  member_id to{};
  snapshot_id id{};
  log_index index{};
  std::uint64_t total = 0; // bytes
};

/// The answer to `load_chunk`. Null bytes: could not be read.
struct chunk_loaded {
  member_id to{};
  snapshot_id id{};
  std::uint64_t offset = 0;
  shared_bytes bytes;
};

/// The answer to `store_chunk`: the snapshot's first `stored` bytes are kept (not necessarily
/// synced).
struct chunk_stored {
  member_id from{};
  snapshot_id id{};
  std::uint64_t stored = 0;
};

/// The answer to `install_snapshot`: the state machine now is the snapshot, durably; or it failed.
struct snapshot_installed {
  member_id from{};
  snapshot_id id{};
  bool done = true;
};

/// The connection to `peer` was reset by it or refused: its process is gone, not merely slow.
struct connection_reset {
  member_id peer{};
};

using event =
  std::variant<tick, campaign, proposal, read, change_membership, transfer_leadership, received,
               write_finished, applied, entries_loaded, compact, snapshot_taken, chunk_loaded,
               chunk_stored, snapshot_installed, connection_reset>;

} // namespace troupe::raft
