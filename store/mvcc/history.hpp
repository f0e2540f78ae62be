// The past of the store, read from the engine: any kept version of a key, lists at an old revision,
// changes since one.
#pragma once

#include "config/base/result.hpp"
#include "store/base/types.hpp"
#include "store/kv/engine.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace troupe::store {

struct history_page {
  std::vector<record_ptr> records;
  bool more = false; // the limit ended it: go on from the last key followed by a zero byte
};

struct history_changes {
  std::vector<change_ptr> changes;
  revision upto{}; // everything that matches and is not newer is in `changes`
};

/// The history at one moment. Any thread; may block on the disk. Cheap to make and to hold, but
/// holds disk space. A revision before compacted() fails with reason::expired, one after last()
/// with reason::timeout (not here yet).
class history {
public:
  history(row_reader_ptr rows, revision compacted, revision last)
      : rows_(std::move(rows)), compacted_(compacted), last_(last) {}

  revision compacted() const { return compacted_; }
  revision last() const { return last_; }

  /// The record as it was at revision `at`; null when there was none.
  result<record_ptr> get(std::string_view key, revision at) const;
  /// As view::scan, of the state at revision `at`. Lists that continue at one revision are
  /// consistent.
  result<history_page> list(const range& r, revision at) const;
  /// Changes of keys that start with `prefix`, after revision `after`, oldest first; at most
  /// `limit`.
  result<history_changes> since(revision after, std::string_view prefix, std::size_t limit) const;

private:
  result<void> readable(revision at) const;

  row_reader_ptr rows_;
  revision compacted_;
  revision last_;
};

} // namespace troupe::store
