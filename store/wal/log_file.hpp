// The Raft log on disk: entries, ballots and the log's start as one stream of records in segments.
//
//   wal::recovered was;
//   OR_RETURN(auto log, wal::log_file::open(wal::posix_files(), {.directory = dir, .identity = me},
//   was)); raft::core member{options, {was.ballot, std::move(was.log), applied}};
//   ...
//   auto todo = member.step(event);
//   CHECK_RETURN(log->append({todo.save_ballot, todo.reset_log, todo.append}));
//   CHECK_RETURN(log->sync());                         // one fdatasync for all appended before
//   member.step(raft::write_finished{todo.write});
//
// The format, what a power cut may leave behind, and what is told apart from it: README.md.
#pragma once

#include "store/raft/entry_log.hpp"
#include "store/wal/file_layer.hpp"

#include <memory>
#include <optional>

namespace troupe::wal {

/// Whose log this is. A log of another member or cluster is refused (forbidden).
struct identity {
  std::string cluster; // at most 64 bytes
  member_id member{};
  bool operator==(const identity&) const = default;
};

struct options {
  std::string directory; // made if it does not exist; its parent must
  wal::identity identity;
  std::uint64_t segment_bytes = 32U << 20; // at least 4096; a record must fit into one
  std::uint32_t spare_segments = 1;        // kept for reuse; more are removed
  std::uint64_t memory_bytes = 4U << 20;   // of the newest entries put into recovered::log
};

struct recovered {
  raft::ballot ballot;
  raft::entry_log log;
  bool fresh = false;          // there was no log
  std::uint64_t cut_bytes = 0; // of a torn tail: written before the crash, never synced
};

/// Several orders of a core may be merged into one batch, as long as their order is kept.
struct batch {
  std::optional<raft::ballot> ballot;
  std::optional<raft::snapshot_mark> reset; // before the entries
  std::vector<raft::entry> entries; // the first one replaces what is there from its index on
};

/// What `append` and `sync` did since opening.
struct counters {
  std::uint64_t appends = 0;
  std::uint64_t syncs = 0;
  std::uint64_t bytes = 0;
  std::uint64_t segments = 0; // in use now
};

/// append, sync, cut_head and close: from one thread at a time (the writer's).
/// load, prepare, count: from any thread, at the same time as the others.
class log_file {
public:
  /// Reads the whole log. Fails with `conflict` if another process has it open, `forbidden` if it
  /// is another member's, `internal` if it is damaged (says file and offset) or of an unknown
  /// version.
  static result<std::unique_ptr<log_file>> open(std::shared_ptr<file_layer> files, options o,
                                                recovered& was);
  virtual ~log_file() = default;
  log_file(const log_file&) = delete;
  log_file& operator=(const log_file&) = delete;

  /// Writes `b` behind everything before; durable after the next sync(). Fails with `unavailable`
  /// when the disk is full: then nothing has changed and the same batch may be tried again. After
  /// any other failure of append, sync or cut_head the log refuses all further writing: what is on
  /// the disk is not known any more until it is opened again.
  virtual result<void> append(const batch& b) = 0;
  virtual result<void> sync() = 0;

  /// The log starts at `start` from now on; segments that hold nothing newer are given back. The
  /// caller vouches that everything up to `start` is durable elsewhere. Syncs.
  virtual result<void> cut_head(const raft::snapshot_mark& start) = 0;

  /// Consecutive entries from `from` up to `to`, at most `max_bytes` of weight but at least one;
  /// none if `from` is not in the log.
  virtual result<std::vector<raft::entry>> load(log_index from, log_index to,
                                                std::uint64_t max_bytes) const = 0;

  /// Makes the spare segments that are missing, which takes long (a segment is written and synced):
  /// to be called now and then from a thread that may wait. Without it the writer pays at a
  /// segment's end.
  virtual result<void> prepare() = 0;

  /// Syncs, and marks the end so that the next opening can tell any later damage.
  virtual result<void> close() = 0;

  virtual counters count() const = 0;

protected:
  log_file() = default;
};

} // namespace troupe::wal
