// The state of all keys at one revision. Cheap to hold, never changes, may be read from any thread.
#pragma once

#include "store/base/types.hpp"

#include <functional>

namespace troupe::store {

class view {
public:
  view() = default;
  view(const view&) = delete;
  view& operator=(const view&) = delete;
  virtual ~view() = default;

  /// The last revision that this view contains; always the end of a transaction's range.
  virtual revision at() const = 0;
  /// Null when the key does not exist.
  virtual record_ptr get(std::string_view key) const = 0;
  /// Visits the records of `r` in byte order of their keys until `visit` returns false or the limit
  /// is reached.
  virtual void scan(const range& r, const std::function<bool(const record_ptr&)>& visit) const = 0;
  /// How many keys start with `prefix`.
  virtual std::uint64_t count(std::string_view prefix) const = 0;
};
using view_ptr = std::shared_ptr<const view>;

} // namespace troupe::store
