// Reading a log back.
#include "store/wal/replay.hpp"

#include <algorithm>

namespace troupe::wal {

namespace {

failure damage(std::uint64_t offset, const std::string& why) {
  return {.reason = reason::internal,
          .message = "damaged at offset " + std::to_string(offset) + ": " + why};
}

// Takes note of one good record; false if its payload is none that we write.
bool note(scanned& s, const record& r) {
  found_record found{
    .kind = r.kind, .at = {s.number, static_cast<std::uint32_t>(s.end)}, .position = {}};
  switch (r.kind) {
  case record_kind::ballot:
    s.ballot = decode_ballot(r.payload);
    if (!s.ballot)
      return false;
    break;
  case record_kind::start:
  case record_kind::reset: {
    auto mark = decode_mark(r.payload);
    if (!mark)
      return false;
    s.marks.emplace_back(s.records.size(), *std::move(mark));
    break;
  }
  case record_kind::entry: {
    auto position = decode_position(r.payload);
    if (!position)
      return false;
    found.position = *position;
    break;
  }
  case record_kind::seal: break;
  }
  s.records.push_back(found);
  return true;
}

} // namespace

result<scanned> scan(std::string_view segment, const segment_header& header) {
  scanned s{.number = header.number, .chain = header.chain};
  while (auto r = read_record(segment, s.end, s.number)) {
    if (r->previous != s.chain)
      break;
    if (!note(s, *r))
      return damage(s.end, "a record with a right checksum cannot be understood");
    s.sealed = r->kind == record_kind::seal;
    s.proved = std::max<std::uint64_t>(s.proved, r->synced);
    s.end += r->size();
    s.chain = r->checksum;
  }
  // Records are written in order but reach the disk in any order. One that is good, stands behind
  // the first bad one, and was written after that place had been synced, proves that bytes went bad
  // later.
  for (auto at = s.end + 8; at + record_header_bytes <= segment.size(); at += 8) {
    auto r = read_record(segment, at, s.number);
    if (!r)
      continue;
    if (r->synced > s.end)
      return damage(s.end, "the record at offset " + std::to_string(at)
                             + " was written after this place had been synced");
    s.garbage_end = at + r->size();
  }
  if (auto torn = claimed_size(segment, s.end, s.number); torn > 0)
    s.garbage_end = std::max(s.garbage_end, s.end + torn);
  return s;
}

result<survivors> resolve(const std::vector<scanned>& segments) {
  survivors out;
  // The last mark says where the log starts; what stands before the last reset does not count at
  // all.
  std::pair<std::size_t, std::size_t> reset{0, 0}; // (segment, record) to begin with
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (segments[i].ballot)
      out.ballot = *segments[i].ballot;
    for (const auto& [record, mark] : segments[i].marks) {
      out.start = mark;
      if (segments[i].records[record].kind == record_kind::reset)
        reset = {i, record + 1};
    }
  }
  const auto first = out.start.at.index + 1;
  // Entries may be out of reach at first: the older versions of their predecessors were in segments
  // that are given back. Later ones replace them, or something is missing.
  bool gap = false;
  for (std::size_t i = reset.first; i < segments.size(); ++i) {
    const auto& records = segments[i].records;
    for (auto k = i == reset.first ? reset.second : 0; k < records.size(); ++k) {
      const auto& r = records[k];
      if (r.kind != record_kind::entry)
        continue;
      auto ahead = r.position.index < first ? 0 : r.position.index - first;
      gap = ahead > out.entries.size();
      if (gap)
        continue;
      out.entries.resize(ahead);
      if (r.position.index >= first)
        out.entries.push_back(r.at);
    }
  }
  if (gap)
    return failure{.reason = reason::internal,
                   .message = "entries behind index "
                              + std::to_string(raw(out.start.at.index) + out.entries.size())
                              + " are missing"};
  return out;
}

} // namespace troupe::wal
