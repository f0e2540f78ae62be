#include "store/mvcc/compaction_schedule.hpp"

#include "config/base/invariant.hpp"

namespace troupe::store {

compaction_schedule::compaction_schedule(duration keep, std::size_t marks)
    : keep_(keep), step_(keep / static_cast<duration::rep>(marks)) {
  invariant(keep > duration::zero() && marks > 0, "history is kept for a while");
}

std::optional<revision> compaction_schedule::note(revision last, instant now) {
  if (marks_.empty() || now - marks_.back().at >= step_)
    marks_.push_back({now, last});
  std::optional<revision> due;
  for (; !marks_.empty() && now - marks_.front().at >= keep_; marks_.pop_front())
    due = marks_.front().last;
  if (due && *due <= told_)
    return {};
  if (due)
    told_ = *due;
  return due;
}

} // namespace troupe::store
