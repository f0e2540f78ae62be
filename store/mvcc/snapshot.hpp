// A replica's whole state as a stream of bytes: its records, their kept versions and its facts,
// with checksums.
//
// The stream is a sequence of frames (length, kind, payload, a hash chained over all frames so
// far), so that a frame missing, repeated, damaged or out of order is noticed; it may be cut into
// pieces anywhere on its way.
#pragma once

#include "config/base/result.hpp"
#include "store/kv/engine.hpp"
#include "store/machine/machine.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::store {

/// Gives the stream of the state at the moment it was taken. One thread at a time, any thread; may
/// block on the disk.
class snapshot_source {
public:
  /// Frames of about `frame_bytes`; a single row is never cut.
  snapshot_source(row_reader_ptr rows, machine_facts facts, std::size_t frame_bytes = 1U << 20U);

  /// What the snapshot contains: its applied index and term are the Raft snapshot's.
  const machine_facts& facts() const { return facts_; }
  /// The next frame; nothing after the last.
  result<std::optional<std::string>> next();

private:
  std::string frame(std::uint8_t kind, std::string_view payload);

  row_reader_ptr rows_; // outlives the cursor
  std::unique_ptr<row_cursor> cursor_;
  machine_facts facts_;
  std::size_t frame_bytes_;
  std::uint64_t chain_ = 0;
  std::uint64_t count_ = 0;
  enum class stage : std::uint8_t { facts, rows, end, done } stage_ = stage::facts;
};

/// Takes a stream in, beside the state that the replica has. One thread at a time, any thread; may
/// block on the disk.
class snapshot_sink {
public:
  explicit snapshot_sink(std::unique_ptr<replacement> target);

  /// The next piece of the stream, in order. After a failure the sink is of no use.
  result<void> feed(std::string_view piece);
  /// The end frame came and everything agreed.
  bool complete() const { return complete_; }

private:
  friend class replica_state;
  result<bool> take_frame(std::size_t& at);
  result<void> take(std::uint8_t kind, std::string_view payload);
  result<void> take_facts(std::string_view payload);
  result<void> take_rows(std::string_view payload);
  result<void> take_row(std::string_view key, std::string_view value);
  result<void> take_end(std::string_view payload);

  std::unique_ptr<replacement> target_;
  std::string buffer_; // what came of a frame that is not whole yet
  std::uint64_t chain_ = 0;
  std::uint64_t count_ = 0;
  bool started_ = false;
  bool complete_ = false;
  std::string row_; // the last one taken: they ascend
  std::string key_; // of the last version taken: the first of each key is its newest
  bool records_seen_ = false;
  std::uint64_t sum_ = 0;
  revision swept_{};
  index_builder records_;
  machine_state state_;
};

} // namespace troupe::store
