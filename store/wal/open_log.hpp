// The log file's implementation; other folders use log_file.hpp.
#pragma once

#include "store/wal/replay.hpp"
#include "store/wal/segments.hpp"

#include <atomic>

namespace troupe::wal {

class open_log final : public log_file {
public:
  open_log(std::shared_ptr<file_layer> files, options o);

  /// Reads what is there. Called once, first.
  result<void> start(recovered& was); // open_log.cpp

  result<void> append(const batch& b) override; // log_file.cpp
  result<void> sync() override;
  result<void> cut_head(const raft::snapshot_mark& start) override;
  result<std::vector<raft::entry>> load(log_index from, log_index to,
                                        std::uint64_t max_bytes) const override; // load.cpp
  result<void> prepare() override;
  result<void> close() override;
  counters count() const override;

private:
  result<scanned> read_segment(std::uint64_t number, const scanned* before);
  result<void> mend_tail(const scanned& last, recovered& was);
  result<raft::entry_log> rebuild(const survivors& s) const;
  failure in_file(std::uint64_t number, const failure& why) const;

  result<void> risky(result<void> done);
  result<void> make_room(const batch& b);
  std::uint64_t preamble_bytes(const batch& b) const;
  result<void> put_all(const batch& b);
  result<void> put(record_kind kind, std::string_view payload);
  result<void> flush();
  result<void> begin_segment();
  result<void> sync_current();
  result<void> cut(const raft::snapshot_mark& start);

  options options_;
  segment_store store_;

  // The writer's:
  segment current_;
  std::uint64_t end_ = records_begin;    // of what was written to it
  std::uint64_t synced_ = records_begin; // of what is durable in it
  std::uint32_t chain_ = 0;
  std::string buffer_; // records not written yet
  place last_place_;
  raft::ballot ballot_;
  bool sealed_ = false; // the last record is a seal
  bool broken_ = false;
  struct {
    std::atomic<std::uint64_t> appends{0};
    std::atomic<std::uint64_t> syncs{0};
    std::atomic<std::uint64_t> bytes{0};
  } counters_;

  mutable std::mutex mutex_; // of what load() reads too; the writer alone changes it
  raft::snapshot_mark start_;
  std::deque<place> places_; // of start_ + 1, start_ + 2, ...
  std::deque<segment> segments_;
};

} // namespace troupe::wal
