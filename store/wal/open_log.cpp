// Opening a log: reading it back, and mending its tail.
#include "store/wal/open_log.hpp"

#include <algorithm>

namespace troupe::wal {

result<std::unique_ptr<log_file>> log_file::open(std::shared_ptr<file_layer> files, options o,
                                                 recovered& was) {
  if (o.identity.cluster.size() > 64 || o.segment_bytes < 2 * records_begin
      || o.segment_bytes > (std::uint64_t{1} << 31) || o.segment_bytes % 8 != 0)
    return failure{.reason = reason::invalid, .message = "opening a log with impossible options"};
  auto log = std::make_unique<open_log>(std::move(files), std::move(o));
  CHECK_RETURN(log->start(was));
  return std::unique_ptr<log_file>{std::move(log)};
}

open_log::open_log(std::shared_ptr<file_layer> files, options o)
    : options_(std::move(o)), store_(std::move(files), options_) {}

failure open_log::in_file(std::uint64_t number, const failure& why) const {
  auto named = why;
  named.message = "opening the log " + store_.path(number) + ": " + why.message;
  return named;
}

result<void> open_log::start(recovered& was) {
  was = {};
  OR_RETURN(auto numbers, store_.start());
  if (numbers.empty()) {
    was.fresh = true;
    CHECK_RETURN(begin_segment());
    CHECK_RETURN(flush());
    return sync_current();
  }
  std::vector<scanned> all;
  for (auto n : numbers) {
    auto s = read_segment(n, all.empty() ? nullptr : &all.back());
    if (!s)
      return in_file(n, s.error());
    all.push_back(*std::move(s));
  }
  auto survived = resolve(all);
  if (!survived)
    return in_file(numbers.front(), survived.error());
  ballot_ = was.ballot = survived->ballot;
  start_ = survived->start;
  places_.assign(survived->entries.begin(), survived->entries.end());
  OR_RETURN(was.log, rebuild(*survived));
  return mend_tail(all.back(), was);
}

result<scanned> open_log::read_segment(std::uint64_t number, const scanned* before) {
  OR_RETURN(auto opened, store_.open(number));
  OR_RETURN(auto bytes, opened.bytes->read_at(0, opened.size));
  OR_RETURN(auto header, decode_segment_header(bytes));
  if (header.identity != options_.identity)
    return failure{.reason = reason::forbidden,
                   .message = "it belongs to member " + to_string(header.identity.member)
                              + " of cluster " + header.identity.cluster};
  if (header.number != number || (before && before->number + 1 != number))
    return failure{.reason = reason::internal, .message = "the segment before it is missing"};
  if (bytes.size() != header.size)
    return failure{.reason = reason::internal,
                   .message = "damaged at offset " + std::to_string(bytes.size())
                              + ": the file has " + std::to_string(header.size) + " bytes"};
  if (before && (before->end != header.previous_end || before->chain != header.chain))
    return in_file(before->number, {.reason = reason::internal,
                                    .message = "damaged at offset " + std::to_string(before->end)
                                               + ": its records should go on to "
                                               + std::to_string(header.previous_end)});
  segments_.push_back(std::move(opened));
  return scan(bytes, header);
}

// Reads the entries that count, and keeps the newest.
result<raft::entry_log> open_log::rebuild(const survivors& s) const {
  raft::entry_log log{s.start};
  std::string bytes;
  std::uint64_t open = 0;
  for (const auto& at : s.entries) {
    if (at.segment != open) {
      auto file = std::find_if(segments_.begin(), segments_.end(),
                               [&](const segment& g) { return g.number == at.segment; });
      OR_RETURN(bytes, file->bytes->read_at(0, file->size));
      open = at.segment;
    }
    auto r = read_record(bytes, at.offset, at.segment);
    auto e = r ? decode_entry(r->payload) : std::nullopt;
    if (!e || e->index != log.last().index + 1 || e->term < log.last().term)
      return in_file(at.segment, {.reason = reason::internal,
                                  .message = "damaged at offset " + std::to_string(at.offset)
                                             + ": an entry does not follow the one before it"});
    log.append(*std::move(e));
    log.forget(log.last().index, options_.memory_bytes);
  }
  return log;
}

// Clears what a crash left behind the last good record, so that it never looks like a continuation
// of what is written now, and makes sure that what was read is durable: what no record proves to be
// is written again, since after a failed sync the system may show bytes that the disk never got and
// count them as clean.
result<void> open_log::mend_tail(const scanned& last, recovered& was) {
  current_ = segments_.back();
  end_ = synced_ = last.end;
  chain_ = last.chain;
  sealed_ = last.sealed;
  if (last.garbage_end > last.end) {
    was.cut_bytes = last.garbage_end - last.end;
    CHECK_RETURN(current_.bytes->write_at(last.end, std::string(was.cut_bytes, '\0')));
  }
  if (last.proved < last.end) {
    OR_RETURN(auto unproved, current_.bytes->read_at(last.proved, last.end - last.proved));
    CHECK_RETURN(current_.bytes->write_at(last.proved, unproved));
  }
  CHECK_RETURN(current_.bytes->sync());
  constexpr std::size_t preamble = 2;
  if (last.records.size() >= preamble)
    return {};
  // The segment had just begun: without its first two records the ones before it could never go.
  CHECK_RETURN(put(record_kind::ballot, encode(ballot_)));
  CHECK_RETURN(put(record_kind::start, encode(start_)));
  CHECK_RETURN(flush());
  return sync_current();
}

} // namespace troupe::wal
