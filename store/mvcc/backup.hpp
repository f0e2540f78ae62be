// A backup: the records of a store at one revision as a stream of bytes, from which a new cluster
// is founded.
//
//   head     "troupe-snapshot\n", format version 4
//   frame    payload's length 4, kind 1, payload, checksum 8 over everything before it
//
// The first frame says what it is of, then come records in the order of their keys, last their
// count: what is damaged, missing, cut off or out of order is noticed. Unlike a replica's snapshot
// (snapshot.hpp) it has no past, and does not depend on how the engine keeps its rows.
#pragma once

#include "config/base/clock.hpp"
#include "store/kv/engine.hpp"
#include "store/machine/machine.hpp"
#include "store/mvcc/history.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::mvcc {
class version_walk;
}

namespace troupe::store {

/// The newest format that this program reads, and the one that it writes.
inline constexpr std::uint32_t backup_format = 1;

struct backup_about {
  revision at{};       // the records are those of this revision
  std::string cluster; // its name
  std::string program; // version that wrote it
  instant taken{};
  bool operator==(const backup_about&) const = default;
};

/// Gives the stream. One thread at a time, any thread; may block on the disk. Values are as the
/// engine has them.
class backup_source {
public:
  /// `about.at` is set to the history's last revision. Frames of about `frame_bytes`; a record is
  /// never cut.
  backup_source(history of, backup_about about, std::size_t frame_bytes = 256U << 10U);
  backup_source(backup_source&&) noexcept;
  backup_source& operator=(backup_source&&) noexcept;
  ~backup_source();

  const backup_about& about() const { return about_; }
  /// The next piece of the stream; nothing after the last.
  result<std::optional<std::string>> next();

private:
  std::string frame(std::uint8_t kind, std::string_view payload);
  result<std::string> gather();

  std::unique_ptr<history> of_; // its address stays: the walk refers to it
  std::unique_ptr<mvcc::version_walk> walk_;
  backup_about about_;
  std::size_t frame_bytes_;
  std::uint64_t chain_ = 0;
  std::uint64_t count_ = 0;
  bool begun_ = false;
  bool done_ = false;
};

/// Reads a stream that comes in pieces of any size, and checks it.
class backup_reader {
public:
  /// Called with each record, in the order of their keys; a failure of its ends the reading.
  using visitor = std::function<result<void>(const record_ptr&)>;
  explicit backup_reader(visitor each) : each_(std::move(each)) {}

  /// Fails with invalid on anything that no backup_source gives. After a failure it is of no
  /// use.
  result<void> feed(std::string_view piece);
  /// Fails unless the whole stream came.
  result<void> finish() const;

  /// Meant only once a record or the end came.
  const backup_about& about() const { return about_; }
  std::uint64_t records() const { return count_; }
  std::uint64_t bytes() const { return fed_; }

private:
  result<bool> take_head(std::string_view& rest);
  result<bool> take_frame(std::string_view& rest);
  result<void> take(std::uint8_t kind, std::string_view payload);
  result<void> take_about(std::string_view payload);
  result<void> take_records(std::string_view payload);
  result<void> take_end(std::string_view payload);
  failure damaged(std::string_view what) const;

  visitor each_;
  backup_about about_;
  std::string buffer_;     // what came of a frame that is not whole yet
  std::uint64_t fed_ = 0;  // bytes
  std::uint64_t good_ = 0; // of them checked
  std::uint64_t chain_ = 0;
  std::uint64_t count_ = 0;
  std::string last_key_;
  enum class stage : std::uint8_t { head, about, records, complete } stage_ = stage::head;
};

/// Makes a backup the whole contents of an engine.
class backup_restore {
public:
  static result<backup_restore> start(engine& into);

  result<void> feed(std::string_view piece) { return inner_->reader.feed(piece); }
  /// Durable when it returns. The store goes on from `jump` revisions after the backup's, and
  /// everything before counts as compacted: no revision that the old cluster has ever reached is
  /// given again as long as it made fewer than `jump` changes since. The facts stand at index 1 of
  /// term 1, as if that entry had brought all of it: the log starts behind it.
  result<machine_facts> finish(std::uint64_t jump);

  const backup_about& about() const { return inner_->reader.about(); }
  std::uint64_t records() const { return inner_->reader.records(); }

private:
  struct state {
    explicit state(std::unique_ptr<replacement> to);
    result<void> add(const record& r);
    std::unique_ptr<replacement> target;
    write_batch batch;
    std::uint64_t sum = 0;
    backup_reader reader;
  };
  explicit backup_restore(std::unique_ptr<state> inner) : inner_(std::move(inner)) {}
  std::unique_ptr<state> inner_;
};

} // namespace troupe::store
