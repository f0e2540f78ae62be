// When the leader compacts: history is kept for a time, so it remembers which revision stood when.
#pragma once

#include "config/base/clock.hpp"
#include "config/base/ids.hpp"

#include <deque>
#include <optional>

namespace troupe::store {

class compaction_schedule {
public:
  /// Keeps at least `keep` of history, in at most `marks` steps.
  explicit compaction_schedule(duration keep = 5min, std::size_t marks = 20);

  /// The store stands at `last` now. Returns the revision to compact to, when one is due. A new
  /// leader starts with an empty schedule: it compacts nothing until `keep` has passed under it.
  std::optional<revision> note(revision last, instant now);

private:
  struct mark {
    instant at;
    revision last;
  };
  duration keep_;
  duration step_;
  std::deque<mark> marks_; // at most one per step, plus one
  revision told_{};
};

} // namespace troupe::store
