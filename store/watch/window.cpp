#include "store/watch/window.hpp"

#include "config/base/invariant.hpp"

#include <algorithm>

namespace troupe::store {

std::size_t size_of(const change& what) {
  std::size_t out = sizeof(change);
  for (auto* side : {what.now.get(), what.before.get()})
    if (side)
      out += sizeof(record) + side->key.size() + side->value->size();
  return out;
}

void change_window::add(const change_ptr& what) {
  bool same = !changes_.empty() && changes_.back()->at == what->at && !changes_.back()->last;
  invariant(what->at > last_ || same, "changes come in order; only a transaction's share one");
  bytes_ += size_of(*what);
  last_ = what->at;
  changes_.push_back(what);
}

void change_window::advance(revision last) {
  invariant(last >= last_, "the store's revision does not go back");
  last_ = last;
}

void change_window::trim() {
  while (!changes_.empty() && (changes_.size() > limits_.changes || bytes_ > limits_.bytes)) {
    start_ = changes_.front()->at;
    bytes_ -= size_of(*changes_.front());
    changes_.pop_front();
  }
}

void change_window::reset(revision start) {
  changes_.clear();
  bytes_ = 0;
  start_ = start;
  last_ = start;
}

std::size_t change_window::first_after(revision after) const {
  auto at = std::partition_point(changes_.begin(), changes_.end(),
                                 [&](const change_ptr& each) { return each->at <= after; });
  return static_cast<std::size_t>(at - changes_.begin());
}

} // namespace troupe::store
