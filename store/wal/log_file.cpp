// Writing the log; opening and loading are in open_log.cpp and load.cpp.
#include "store/wal/open_log.hpp"

#include <algorithm>

namespace troupe::wal {

namespace {

// There is always room for a seal.
std::uint64_t usable(std::uint64_t size) { return size - record::padded(0); }

failure gave_up() {
  return {.reason = reason::internal,
          .message = "the log refuses to write after an earlier failure"};
}

} // namespace

// Remembers a failure that leaves the disk's state unknown.
result<void> open_log::risky(result<void> done) {
  if (!done)
    broken_ = true;
  return done;
}

result<void> open_log::append(const batch& b) {
  if (broken_)
    return gave_up();
  CHECK_RETURN(make_room(b));
  return risky(put_all(b));
}

// Ensures the spare segments that the batch will take, as the last step that may fail harmlessly.
result<void> open_log::make_room(const batch& b) {
  auto at = end_ + buffer_.size();
  auto room = usable(current_.size);
  std::uint64_t needed = 0;
  auto place = [&](std::uint64_t payload) -> result<void> {
    auto size = record::padded(payload);
    if (at + size > room) {
      ++needed;
      at = records_begin + preamble_bytes(b);
      room = usable(store_.capacity());
    }
    if (at + size > room)
      return failure{.reason = reason::too_large,
                     .message = "appending a record of " + std::to_string(payload)
                                + " bytes: a segment of the log has not that much room"};
    at += size;
    return {};
  };
  if (b.ballot)
    CHECK_RETURN(place(encode(*b.ballot).size()));
  if (b.reset)
    CHECK_RETURN(place(encode(*b.reset).size()));
  for (const auto& e : b.entries)
    CHECK_RETURN(place(entry_payload_bytes(e)));
  return needed == 0 ? result<void>{} : store_.provide(needed);
}

std::uint64_t open_log::preamble_bytes(const batch& b) const {
  auto mark = encode(b.reset ? *b.reset : start_).size();
  return record::padded(16) + record::padded(std::max(mark, encode(start_).size()));
}

result<void> open_log::put_all(const batch& b) {
  if (b.ballot) {
    ballot_ = *b.ballot;
    CHECK_RETURN(put(record_kind::ballot, encode(ballot_)));
  }
  if (b.reset) {
    {
      std::lock_guard guard{mutex_};
      start_ = *b.reset;
      places_.clear();
    }
    CHECK_RETURN(put(record_kind::reset, encode(start_)));
  }
  std::vector<place> fresh;
  fresh.reserve(b.entries.size());
  for (const auto& e : b.entries) {
    CHECK_RETURN(put(record_kind::entry, encode(e)));
    fresh.push_back(last_place_);
  }
  CHECK_RETURN(flush());
  if (!b.entries.empty()) {
    std::lock_guard guard{mutex_};
    auto first = b.entries.front().index - start_.at.index - 1;
    invariant(first <= places_.size(), "entries are written without a gap");
    places_.resize(first);
    places_.insert(places_.end(), fresh.begin(), fresh.end());
  }
  ++counters_.appends;
  return {};
}

result<void> open_log::put(record_kind kind, std::string_view payload) {
  if (end_ + buffer_.size() + record::padded(payload.size()) > usable(current_.size)) {
    CHECK_RETURN(flush());
    CHECK_RETURN(begin_segment());
  }
  sealed_ = false;
  last_place_ = {current_.number, static_cast<std::uint32_t>(end_ + buffer_.size())};
  chain_ = put_record(buffer_, kind, payload, current_.number, synced_, chain_);
  return {};
}

result<void> open_log::flush() {
  if (buffer_.empty())
    return {};
  CHECK_RETURN(current_.bytes->write_at(end_, buffer_));
  end_ += buffer_.size();
  counters_.bytes += buffer_.size();
  buffer_.clear();
  return {};
}

// Whole segments are durable before the next one begins: only the last one can be torn. Each begins
// with the ballot and the start, so that older ones can go.
result<void> open_log::begin_segment() {
  CHECK_RETURN(sync_current());
  segment_header header{.number = current_.number + 1,
                        .identity = options_.identity,
                        .previous_end = current_.bytes ? end_ : 0,
                        .chain = chain_};
  OR_RETURN(auto begun, store_.begin(header));
  {
    std::lock_guard guard{mutex_};
    current_ = begun;
    segments_.push_back(std::move(begun));
  }
  end_ = synced_ = records_begin;
  CHECK_RETURN(put(record_kind::ballot, encode(ballot_)));
  return put(record_kind::start, encode(start_));
}

result<void> open_log::sync_current() {
  if (!current_.bytes || synced_ == end_)
    return {};
  CHECK_RETURN(current_.bytes->sync());
  ++counters_.syncs;
  synced_ = end_;
  return {};
}

result<void> open_log::sync() { return broken_ ? gave_up() : risky(sync_current()); }

result<void> open_log::cut_head(const raft::snapshot_mark& start) {
  if (broken_)
    return gave_up();
  if (start.at.index <= start_.at.index)
    return {};
  if (end_ + record::padded(encode(start).size()) + record::padded(16) > usable(current_.size))
    CHECK_RETURN(store_.provide(1));
  return risky(cut(start));
}

result<void> open_log::cut(const raft::snapshot_mark& start) {
  {
    std::lock_guard guard{mutex_};
    auto gone = std::min<std::uint64_t>(start.at.index - start_.at.index, places_.size());
    places_.erase(places_.begin(), places_.begin() + static_cast<std::ptrdiff_t>(gone));
    start_ = start;
  }
  CHECK_RETURN(put(record_kind::start, encode(start)));
  CHECK_RETURN(flush());
  CHECK_RETURN(sync_current());
  std::vector<std::uint64_t> unused;
  {
    std::lock_guard guard{mutex_};
    auto needed = places_.empty() ? current_.number : places_.front().segment;
    for (; segments_.front().number < needed; segments_.pop_front())
      unused.push_back(segments_.front().number);
  }
  if (unused.empty())
    return {};
  // Nothing can be read from those segments any more, so should the start just written go bad, it
  // must not pass for a torn tail: a record behind it proves that it was synced.
  CHECK_RETURN(put(record_kind::ballot, encode(ballot_)));
  CHECK_RETURN(flush());
  CHECK_RETURN(sync_current());
  return store_.give_back(unused);
}

result<void> open_log::prepare() { return store_.provide(options_.spare_segments); }

result<void> open_log::close() {
  CHECK_RETURN(sync());
  if (sealed_)
    return {};
  chain_ = put_record(buffer_, record_kind::seal, {}, current_.number, synced_, chain_);
  sealed_ = true;
  CHECK_RETURN(risky(flush()));
  return sync();
}

counters open_log::count() const {
  std::lock_guard guard{mutex_};
  auto c = counters{counters_.appends, counters_.syncs, counters_.bytes, segments_.size()};
  return c;
}

} // namespace troupe::wal
