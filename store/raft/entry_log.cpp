// The log in memory: what every entry's term is, and the newest bytes.
#include "store/raft/entry_log.hpp"

#include <algorithm>

namespace troupe::raft {

entry_log::entry_log(snapshot_mark start) { reset(std::move(start)); }

void entry_log::reset(snapshot_mark start) {
  start_ = std::move(start);
  last_ = start_.at;
  runs_ = {{start_.at.term, start_.at.index}};
  configurations_ = {{start_.at.index, start_.members}};
  memory_.clear();
  memory_first_ = last_.index + 1;
  memory_bytes_ = 0;
}

std::optional<term_id> entry_log::term_at(log_index index) const {
  if (index < start_.at.index || index > last_.index)
    return std::nullopt;
  auto after = std::upper_bound(runs_.begin(), runs_.end(), index,
                                [](log_index i, const term_run& r) { return i < r.first; });
  return std::prev(after)->term;
}

log_position entry_log::agreement(log_position at) const {
  if (at.index < start_.at.index)
    return at;
  at.index = std::min(at.index, last_.index);
  auto run = std::upper_bound(runs_.begin(), runs_.end(), at.index,
                              [](log_index i, const term_run& r) { return i < r.first; });
  for (--run; run != runs_.begin() && run->term > at.term; --run)
    at.index = run->first - 1;
  // Nothing above the start is old enough: the start itself is committed and the best guess there
  // is.
  return run->term > at.term ? start_.at : log_position{run->term, at.index};
}

void entry_log::append(entry e) {
  invariant(e.index == last_.index + 1, "entries are appended in the order of their indexes");
  invariant(e.term >= last_.term, "terms in a log never decrease");
  if (e.term != last_.term)
    runs_.push_back({e.term, e.index});
  if (e.kind == entry_kind::configuration) {
    auto members = decode_configuration(e.bytes());
    invariant(members.has_value(), "a configuration entry holds a configuration");
    configurations_.push_back({e.index, *std::move(members)});
  }
  last_ = e.position();
  memory_bytes_ += e.weight();
  memory_.push_back(std::move(e));
}

void entry_log::cut_tail(log_index from) {
  invariant(from > start_.at.index, "the log's start cannot be cut off");
  if (from > last_.index)
    return;
  for (; !memory_.empty() && memory_.back().index >= from; memory_.pop_back())
    memory_bytes_ -= memory_.back().weight();
  memory_first_ = std::min(memory_first_, from);
  last_ = {*term_at(from - 1), from - 1};
  while (runs_.size() > 1 && runs_.back().first >= from)
    runs_.pop_back();
  while (configurations_.back().index >= from && configurations_.size() > 1)
    configurations_.pop_back();
}

void entry_log::cut_head(log_index up_to) {
  invariant(start_.at.index <= up_to && up_to <= last_.index, "the log is cut inside of itself");
  start_ = {{*term_at(up_to), up_to}, members_at(up_to)};
  while (runs_.size() > 1 && runs_[1].first <= up_to)
    runs_.erase(runs_.begin());
  runs_.front() = {start_.at.term, up_to};
  while (configurations_.size() > 1 && configurations_[1].index <= up_to)
    configurations_.erase(configurations_.begin());
  forget(up_to, 0);
}

const configuration& entry_log::members_at(log_index index) const {
  auto after =
    std::upper_bound(configurations_.begin(), configurations_.end(), index,
                     [](log_index i, const placed_configuration& c) { return i < c.index; });
  invariant(after != configurations_.begin(), "the configuration is known for the whole log");
  return std::prev(after)->members;
}

std::vector<entry> entry_log::slice(log_index from, log_index to, std::uint64_t max_bytes) const {
  invariant(in_memory(from), "only entries in memory can be sliced");
  std::vector<entry> out;
  std::uint64_t bytes = 0;
  for (auto i = from; i <= std::min(to, last_.index); ++i) {
    const auto& e = at(i);
    bytes += e.weight();
    if (bytes > max_bytes && !out.empty())
      break;
    out.push_back(e);
  }
  return out;
}

std::uint64_t entry_log::weight_at(log_index index) const {
  return in_memory(index) ? at(index).weight() : 0;
}

void entry_log::forget(log_index up_to, std::uint64_t max_bytes) {
  while (memory_bytes_ > max_bytes && !memory_.empty() && memory_first_ <= up_to) {
    memory_bytes_ -= memory_.front().weight();
    memory_.pop_front();
    ++memory_first_;
  }
}

} // namespace troupe::raft
