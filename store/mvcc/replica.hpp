// The state of one replica: the machine, its records in memory, all kept versions in the engine.
//
// One owner (an actor) applies entries and takes views; views, histories and snapshot sources may
// go to any thread.
//
//   OR_RETURN(auto replica, replica_state::open(engine, {}));
//   // after a restart: entries from replica.facts().applied + 1 on are applied again
//   OR_RETURN(auto done, replica.apply(entries));      // one engine batch, one new view
//   for (auto& each : done) answer(each.index, each.result);
//   send_to_readers(replica.current());
#pragma once

#include "config/base/result.hpp"
#include "store/kv/engine.hpp"
#include "store/machine/machine.hpp"
#include "store/mvcc/history.hpp"
#include "store/mvcc/snapshot.hpp"
#include "store/seal/keyring.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace troupe::store {

struct replica_options {
  seal::keyring_ptr keys; // of values that are sealed (seal/keyring.hpp); null: none
  std::uint32_t speaks = newest_command_version; // commands up to it are applied
  std::uint64_t check_every = 1024; // entries between two state hashes; the same on all replicas
  machine_bugs bugs;                // tests only
};

/// What replicas compare: a different hash at the same index means that their states have diverged.
struct state_check {
  log_index at{};
  std::uint64_t hash = 0;
  bool operator==(const state_check&) const = default;
};

/// Records keep sealed values as they came; views, histories and changes that leave it have them
/// opened, snapshots do not.
class replica_state {
public:
  /// Reads the current records back into memory. Fails when the rows disagree with the facts beside
  /// them (damage), with forbidden when a sealed value does not open.
  static result<replica_state> open(std::shared_ptr<engine> rows, const replica_options& options);

  /// Applies entries that follow each other and facts().applied. A failure changes nothing: of
  /// reason::bad_request the command is not ours to decode, of forbidden a value is sealed with a
  /// key that is not here: the replica must stop; else the engine refused (disk full): call again
  /// later.
  result<std::vector<applied_entry>> apply(std::span<const committed_entry> entries);

  /// The newest version of commands that it applies.
  std::uint32_t speaks() const { return options_.speaks; }
  const machine_facts& facts() const { return state_.facts; }
  /// The state after the last apply: O(1), any thread may hold it.
  view_ptr current() const { return current_; }
  history past() const;
  /// At the newest multiple of check_every.
  std::optional<state_check> check() const { return check_; }

  /// Of the next `most` records behind `key` those that would be sealed otherwise today, as writes
  /// that do it; `key` is then the last one looked at, empty at the end.
  std::vector<transaction> stale_seals(std::string& key, std::size_t most) const;

  /// Deletes up to `rows` superseded versions that compaction released; true: there are more.
  result<bool> sweep(std::size_t rows);

  /// In frames of about `frame_bytes`. O(1); the reading is the source's.
  snapshot_source take_snapshot(std::size_t frame_bytes = 1U << 20U) const {
    return {engine_->read(), state_.facts, frame_bytes};
  }
  /// The sink may be fed on another thread; apply() and sweep() may go on meanwhile, but are lost
  /// by finish_restore().
  result<snapshot_sink> start_restore();
  /// Replaces the state by that of a complete sink, durably. Blocks for the engine's commit. Fails
  /// with forbidden when a sealed value does not open.
  result<void> finish_restore(snapshot_sink sink);

private:
  replica_state(std::shared_ptr<engine> rows, const replica_options& options);
  result<void> load();
  void publish(machine_state next);

  std::shared_ptr<engine> engine_;
  replica_options options_;
  machine_bugs bugs_;
  machine_state state_;
  view_ptr current_;
  std::optional<state_check> check_;
  revision swept_{}; // rows of changes up to here are gone; at most facts().compacted
};

} // namespace troupe::store
