// An ordered key-value engine as the state machine needs it: atomic batches, consistent reads, and
// the promise that what survives a crash is the state after some prefix of the batches written,
// never less than the last flush.
//
// Nothing is durable before flush(): the Raft log is the redo log. The applied index travels in the
// batch that made it true, so after a crash durable_applied() says from where the log has to be
// applied again.
//
//   write_batch b;
//   b.put("k", "v");
//   b.applied(log_index{7});
//   CHECK_RETURN(engine.write(b));
//   auto rows = engine.read();          // the state now; stays as it is
//   CHECK_RETURN(engine.flush());       // blocks; engine.durable_applied() == 7
#pragma once

#include "config/base/ids.hpp"
#include "config/base/result.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::store {

/// Puts, erases and erased ranges, in order; all or nothing. Keys must not begin with a zero byte:
/// those are the engine's.
class write_batch {
public:
  enum class kind : std::uint8_t { put, erase, erase_range };
  struct item {
    kind what;
    std::string_view key;   // of an erased range: its first key
    std::string_view value; // of a put; of an erased range: the key after its last
  };

  void put(std::string_view key, std::string_view value) { add(kind::put, key, value); }
  void erase(std::string_view key) { add(kind::erase, key, {}); }
  /// Erases [from, to).
  void erase_range(std::string_view from, std::string_view to) { add(kind::erase_range, from, to); }
  /// The state after this batch is the log's fold up to `index`.
  void applied(log_index index) { applied_ = index; }

  std::optional<log_index> applied() const { return applied_; }
  std::size_t size() const { return items_.size(); }
  std::size_t bytes() const { return text_.size(); }
  item operator[](std::size_t i) const;
  void clear();

private:
  struct slot {
    std::size_t at;
    std::uint32_t key;
    std::uint32_t value;
    kind what;
  };
  void add(kind what, std::string_view key, std::string_view value);

  std::string text_; // one arena for all keys and values
  std::vector<slot> items_;
  std::optional<log_index> applied_;
};

/// Walks rows in byte order of their keys. Views last until the next move.
class row_cursor {
public:
  row_cursor() = default;
  row_cursor(const row_cursor&) = delete;
  row_cursor& operator=(const row_cursor&) = delete;
  virtual ~row_cursor() = default;

  virtual bool valid() const = 0;
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
  virtual void next() = 0;
  /// To the first row at or after `key` (and inside the walk's bounds).
  virtual void seek(std::string_view key) = 0;
  /// Why the walk ended early, if it did: check once when valid() is false.
  virtual result<void> status() const = 0;
};

/// The rows at one moment. Any thread; may block on the disk. Holds its files until dropped.
class row_reader {
public:
  row_reader() = default;
  row_reader(const row_reader&) = delete;
  row_reader& operator=(const row_reader&) = delete;
  virtual ~row_reader() = default;

  virtual result<std::optional<std::string>> get(std::string_view key) const = 0;
  /// Rows of [from, to); an empty `to` means to the end. The cursor must not outlive the reader.
  virtual std::unique_ptr<row_cursor> walk(std::string_view from, std::string_view to) const = 0;
};
using row_reader_ptr = std::shared_ptr<const row_reader>;

/// New contents written beside the old ones, which stay what they are until commit(). Must not
/// outlive its engine.
class replacement {
public:
  replacement() = default;
  replacement(const replacement&) = delete;
  replacement& operator=(const replacement&) = delete;
  virtual ~replacement() = default; // without commit: what was written is thrown away

  virtual result<void> write(const write_batch& rows) = 0;
  /// Makes the new contents durable and then the engine's only ones, atomically. Blocks.
  virtual result<void> commit() = 0;
};

class engine {
public:
  engine() = default;
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;
  virtual ~engine() = default;

  /// Visible to readers made afterwards; durable only by flush(). A failed write changed nothing;
  /// of reason::unavailable (disk full) or too_many_requests (soon) it may be tried again.
  virtual result<void> write(const write_batch& rows) = 0;
  /// The state after all writes so far: O(1).
  virtual row_reader_ptr read() const = 0;
  /// Makes all writes so far durable. Blocks; any thread. Also tries to recover after a full disk.
  virtual result<void> flush() = 0;
  /// The applied index that would be found after a crash now; 0: none. May block on the disk; any
  /// thread.
  virtual log_index durable_applied() const = 0;
  /// Starts new contents (a snapshot from a leader, a backup). Writes to the engine meanwhile are
  /// lost by the commit.
  virtual result<std::unique_ptr<replacement>> replace() = 0;
};

} // namespace troupe::store
