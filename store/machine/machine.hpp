// The replicated state machine: log entries in order go in, the same state comes out on every
// replica.
//
// No time, no randomness, no setting enters: only the state, the entry's term and its command.
#pragma once

#include "store/base/index.hpp"
#include "store/machine/command.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace troupe::store {

/// What a replica knows besides its records. Written with every batch.
struct machine_facts {
  log_index applied{};
  term_id term{};        // of the entry at `applied`
  revision last{1};      // of the store; 1 when nothing was ever written, so that no list is at "0"
  revision compacted{};  // history is complete after it
  std::uint64_t sum = 0; // of record_hash() over all records: order does not matter
  std::map<member_id, std::uint32_t>
    versions; // newest command version of each member that announced one
  bool operator==(const machine_facts&) const = default;
};

std::string encode(const machine_facts& facts);
result<machine_facts> decode_facts(std::string_view bytes);

/// A value: copying it is cheap (the index is shared copy-on-write).
struct machine_state {
  machine_facts facts;
  record_index records;
};

/// What became of one entry.
struct applied_entry {
  log_index index{};
  outcome result;                  // of a transaction; for other commands only `last` is meant
  std::vector<change_ptr> changes; // in order of their revisions
};

/// One committed log entry. `command` is empty for entries that are not ours: a leader's first, a
/// membership change.
struct committed_entry {
  log_index index{};
  term_id term{};
  std::string_view command;
};

/// Deliberate faults that the simulation must find. Tests only.
struct machine_bugs {
  bool ignore_fence = false;
  bool apply_twice_after_restart = false;
};

/// Applies the entry after `state.facts.applied` (any other index breaks an invariant). Fails only
/// on a command that cannot be decoded; the state is then unchanged and the replica must stop.
/// `newest` version of commands that are decoded.
result<applied_entry> apply(machine_state& state, const committed_entry& entry,
                            const machine_bugs& bugs = {},
                            std::uint32_t newest = newest_command_version);

/// The same number on two replicas that applied the same entries, and (nearly surely) on no others.
std::uint64_t state_hash(const machine_facts& facts);
/// A record's share in machine_facts::sum.
std::uint64_t record_hash(const record& r);

/// The newest command version, at most `own`, that all of `voters` announced; 1 when one of them
/// announced none.
std::uint32_t agreed_version(const machine_facts& facts, const std::vector<member_id>& voters,
                             std::uint32_t own = newest_command_version);

} // namespace troupe::store
