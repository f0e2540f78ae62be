// A member's log file in memory: writes are queued, and durable only once they are performed.
#pragma once

#include "store/raft/effects.hpp"
#include "store/raft/entry_log.hpp"

#include <deque>

namespace troupe::raft {

struct disk_image {
  raft::ballot ballot;
  snapshot_mark start;
  std::vector<entry> entries;
};

/// What one step ordered to be written, and the letters that wait for it.
struct write_job {
  bool writes = false;
  write_id id{};
  std::optional<raft::ballot> ballot;
  std::optional<snapshot_mark> reset;
  std::vector<entry> entries;
  std::optional<snapshot_mark> cut;
  std::vector<letter> after;
};

class fake_disk {
public:
  void format(snapshot_mark start) { durable_.start = std::move(start); }
  /// Queues what `out` orders; nothing if it orders nothing.
  void order(const effects& out);
  std::size_t jobs() const { return jobs_.size(); }
  /// Makes the first job durable and returns it. Requires jobs() > 0.
  write_job perform_first();
  void lose_power() { jobs_.clear(); }

  const disk_image& durable() const { return durable_; }
  disk_image whole() const; // with what is on its way
  entry_log log() const;    // what a restart reads
  std::vector<entry> load(const load_entries& wanted) const;

private:
  static void write(disk_image& disk, const write_job& job);

  disk_image durable_;
  std::deque<write_job> jobs_;
};

} // namespace troupe::raft
