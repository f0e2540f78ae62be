// The past of the store, read from the engine: any kept version of a key, lists at an old revision,
// changes since one.
#pragma once

#include "config/base/result.hpp"
#include "store/base/types.hpp"
#include "store/kv/engine.hpp"
#include "store/seal/keyring.hpp"

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace troupe::mvcc {
class version_walk;
}

namespace troupe::store {

struct history_page {
  std::vector<record_ptr> records;
  bool more = false; // the limit ended it: go on from the last key followed by a zero byte
};

struct history_changes {
  std::vector<change_ptr> changes;
  revision upto{}; // everything that matches and is not newer is in `changes`
};

/// A past that is not in rows of ours. Any thread; may block. `at` and `after` are within what is
/// kept.
class history_source {
public:
  history_source() = default;
  history_source(const history_source&) = delete;
  history_source& operator=(const history_source&) = delete;
  virtual ~history_source() = default;
  virtual result<record_ptr> get(std::string_view key, revision at) const = 0;
  virtual result<history_page> list(const range& r, revision at) const = 0;
  virtual result<history_changes> since(revision after, revision last, std::string_view prefix,
                                        std::size_t limit) const = 0;
};

/// The history at one moment. Any thread; may block on the disk. Cheap to make and to hold, but
/// holds disk space. A revision before compacted() fails with reason::expired, one after last()
/// with reason::timeout (not here yet).
class history {
public:
  history(row_reader_ptr rows, revision compacted, revision last)
      : rows_(std::move(rows)), compacted_(compacted), last_(last) {}
  history(std::shared_ptr<const history_source> elsewhere, revision compacted, revision last)
      : elsewhere_(std::move(elsewhere)), compacted_(compacted), last_(last) {}

  revision compacted() const { return compacted_; }
  revision last() const { return last_; }

  /// The record as it was at revision `at`; null when there was none.
  result<record_ptr> get(std::string_view key, revision at) const;
  /// As view::scan, of the state at revision `at`. Lists that continue at one revision are
  /// consistent.
  result<history_page> list(const range& r, revision at) const;
  /// Changes of keys that start with `prefix`, after revision `after`, oldest first; at most
  /// `limit`. Fails with expired also where a change is sealed with a key that is not here any
  /// more.
  result<history_changes> since(revision after, std::string_view prefix, std::size_t limit) const;
  /// All records as of last(), one after the other; must not outlive this history. Fails with
  /// invalid when they are elsewhere.
  result<mvcc::version_walk> walk() const;

  /// It is not in rows of ours: walk() fails.
  bool is_elsewhere() const { return elsewhere_ != nullptr; }
  /// What it reads of rows is opened with these; walk() gives it as it is stored.
  void opens_with(seal::keyring_ptr keys) { keys_ = std::move(keys); }

private:
  result<void> readable(revision at) const;

  row_reader_ptr rows_;                               // or
  std::shared_ptr<const history_source> elsewhere_{}; // null: in the rows
  revision compacted_;
  revision last_;
  seal::keyring_ptr keys_{};
};

} // namespace troupe::store
