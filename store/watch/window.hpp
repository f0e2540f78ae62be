// The recent changes, in memory, bounded by count and by bytes: what watches are served from.
#pragma once

#include "store/base/types.hpp"

#include <cstddef>
#include <deque>

namespace troupe::store {

/// What a change keeps in memory, about.
std::size_t size_of(const change& what);

struct window_limits {
  std::size_t changes = 16384;
  std::size_t bytes = 16U << 20U; // of keys and values, both sides of each change
};

class change_window {
public:
  /// Empty: complete for what comes after `start`.
  explicit change_window(revision start, const window_limits& limits = {})
      : limits_(limits), start_(start), last_(start) {}

  /// Changes in ascending order; `last` is the store's revision after them.
  void add(const change_ptr& what);
  void advance(revision last);
  /// Drops the oldest changes beyond the limits.
  void trim();
  void reset(revision start);

  /// Every change after start() up to last() is here.
  revision start() const { return start_; }
  revision last() const { return last_; }
  std::size_t size() const { return changes_.size(); }
  std::size_t bytes() const { return bytes_; }
  const change_ptr& operator[](std::size_t i) const { return changes_[i]; }
  /// The position of the first change after `after`; size() if none.
  std::size_t first_after(revision after) const;

private:
  window_limits limits_;
  revision start_;
  revision last_;
  std::size_t bytes_ = 0;
  std::deque<change_ptr> changes_;
};

} // namespace troupe::store
