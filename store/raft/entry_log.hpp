// The log as the core knows it: the term of every entry, the configurations, and the newest
// entries' bytes. Older bytes are in the log file only.
#pragma once

#include "store/raft/types.hpp"

#include <deque>
#include <optional>

namespace troupe::raft {

class entry_log {
public:
  /// Empty, behind `start`.
  entry_log() : entry_log(snapshot_mark{}) {}
  explicit entry_log(snapshot_mark start);

  const snapshot_mark& start() const { return start_; }
  log_position last() const { return last_; }
  /// None outside [start, last].
  std::optional<term_id> term_at(log_index index) const;
  bool contains(log_position at) const { return term_at(at.index) == at.term; }
  /// The newest position not above `at` in index nor in term: two logs may agree up to here, and
  /// agree nowhere above (the fast back-off of thesis 3.5).
  log_position agreement(log_position at) const;

  /// Requires the index after last() and no older term.
  void append(entry e);
  /// Drops `from` and all after it. Requires from > start().
  void cut_tail(log_index from);
  /// Entries up to `up_to` are gone. Requires start() <= up_to <= last().
  void cut_head(log_index up_to);
  void reset(snapshot_mark start);

  /// The newest configuration in the log, in force whether or not it is committed.
  const configuration& members() const { return configurations_.back().members; }
  /// Where it stands in the log; the start's index when it comes from there.
  log_index members_index() const { return configurations_.back().index; }
  /// As of `index`. Requires start() <= index <= last().
  const configuration& members_at(log_index index) const;

  bool in_memory(log_index index) const { return index >= memory_first_ && index <= last_.index; }
  /// Consecutive entries from `from` up to `to`, at most `max_bytes` of weight but at least one.
  /// Requires in_memory(from).
  std::vector<entry> slice(log_index from, log_index to, std::uint64_t max_bytes) const;
  /// 0 if the entry is not in memory.
  std::uint64_t weight_at(log_index index) const;
  /// Drops the oldest bytes, none above `up_to`, until at most `max_bytes` of weight are kept.
  void forget(log_index up_to, std::uint64_t max_bytes);
  std::uint64_t memory_bytes() const { return memory_bytes_; }

private:
  struct term_run {
    term_id term{};
    log_index first{};
  };
  struct placed_configuration {
    log_index index{};
    configuration members;
  };
  const entry& at(log_index index) const { return memory_[index - memory_first_]; }

  snapshot_mark start_;
  log_position last_;
  std::vector<term_run> runs_;                       // of start_ and the entries; never empty
  std::vector<placed_configuration> configurations_; // in force from index on; never empty
  std::deque<entry> memory_;                         // [memory_first_, last_.index]
  log_index memory_first_{};
  std::uint64_t memory_bytes_ = 0;
};

} // namespace troupe::raft
