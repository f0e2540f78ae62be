// What a log should hold: the state after every single record, so that a recovered log can be found
// in it.
#pragma once

#include "config/base/random.hpp"
#include "store/wal/log_file.hpp"

namespace troupe::wal {

/// The state of a log as plain values.
struct log_state {
  raft::ballot ballot;
  raft::snapshot_mark start;
  std::vector<raft::entry> entries;
  bool operator==(const log_state&) const = default;
};

log_state state_of(const recovered& was);

/// Draws batches and cuts as a Raft member could order them, and remembers every state.
class history {
public:
  explicit history(std::uint64_t seed) : random_(seed), states_(1) {}

  /// Does one random thing to `log`: append, sync, cut the head, prepare.
  result<void> act(log_file& log);
  /// The log was recovered as `now`: goes on from there. False if that is no state between the last
  /// synced one and the newest.
  bool resume(const log_state& now);
  /// Whether `now` is a state at or after the one that was synced `syncs` syncs ago.
  bool plausible(const log_state& now, std::size_t syncs) const;

  const log_state& newest() const { return states_.back(); }
  random_source& random() { return random_; }

private:
  result<void> append(log_file& log);
  result<void> sync(log_file& log);
  result<void> cut(log_file& log);
  batch draw();
  void note(const batch& b);

  random_source random_;
  std::vector<log_state> states_;
  std::vector<std::size_t> synced_{0}; // index into states_ at each sync
  std::uint64_t next_ = 0;
};

} // namespace troupe::wal
