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
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace troupe::store {

/// A replica's own log: visits its entries from an index on, without a gap, until one fails.
struct own_log {
  log_index last{}; // these entries are (most likely) applied again
  std::function<result<void>(log_index from,
                             const std::function<result<void>(const committed_entry&)>& visit)>
    from{};
};

struct replica_options {
  seal::keyring_ptr keys; // of values that are sealed (seal/keyring.hpp); null: none
  std::uint32_t speaks = newest_command_version; // commands up to it are applied
  std::uint64_t check_every = 1024; // entries between two state hashes; the same on all replicas
  machine_bugs bugs;                // tests only
  own_log log{};                    // what comes again after this start
};

/// What replicas compare: a different hash at the same index means that their states have diverged.
struct state_check {
  log_index at{};
  std::uint64_t hash = 0;
  bool operator==(const state_check&) const = default;
};

/// Records keep sealed values as they came; views, histories and changes that leave it have them
/// opened, snapshots do not.
///
/// A key that nothing live needs may be gone, though rows and the log's tail still have values of
/// it that the tail overwrites: what counts is whether the records open once the log is applied.
/// Until then a view throws where it meets such a value, naming it and the key.
class replica_state {
public:
  /// Reads the current records back into memory. Fails when the rows disagree with the facts beside
  /// them (damage), with forbidden when a sealed value does not open and the log does not
  /// overwrite it.
  static result<replica_state> open(std::shared_ptr<engine> rows, const replica_options& options);

  /// Applies entries that follow each other and facts().applied. A failure changes nothing: of
  /// reason::bad_request the command is not ours to decode, of forbidden a value is sealed with a
  /// key that is not here (and not overwritten by the end of options.log): the replica must stop;
  /// else the engine refused (disk full): call again later.
  result<std::vector<applied_entry>> apply(std::span<const committed_entry> entries);

  /// The last apply() met values that do not open and that its log overwrites: it returned no
  /// changes, and whoever follows them has to list again.
  bool left_out_changes() const { return left_out_changes_; }

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
  result<void> check_after_log(machine_state ahead) const;
  result<bool> open_changes(std::vector<applied_entry>& of, const machine_state& next) const;
  void publish(machine_state next);

  std::shared_ptr<engine> engine_;
  replica_options options_;
  machine_bugs bugs_;
  machine_state state_;
  view_ptr current_;
  std::optional<state_check> check_;
  bool unreadable_ = false; // some records may not open yet: the log overwrites them
  bool left_out_changes_ = false;
  revision swept_{}; // rows of changes up to here are gone; at most facts().compacted
};

} // namespace troupe::store
