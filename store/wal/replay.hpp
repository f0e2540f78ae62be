// Reading a log back: which records are good, whether what is bad is a torn tail or damage, and
// what of the good ones still counts.
#pragma once

#include "store/wal/record.hpp"

namespace troupe::wal {

/// Where an entry's record is.
struct place {
  std::uint64_t segment = 0; // its number
  std::uint32_t offset = 0;
};

struct found_record {
  record_kind kind = record_kind::seal;
  place at;
  raft::log_position position; // of an entry
};

/// One segment file, checked record by record.
struct scanned {
  std::uint64_t number = 0;
  std::uint64_t end = records_begin; // behind the last good record
  std::uint32_t chain = 0;           // its checksum
  std::uint64_t garbage_end = 0; // of what follows and was written, but never synced; 0: nothing
  std::uint64_t proved = records_begin; // a good record says that all before this was durable
  bool sealed = false;                  // the last good record is a seal
  std::vector<found_record> records;
  std::optional<raft::ballot> ballot;                             // the last one
  std::vector<std::pair<std::size_t, raft::snapshot_mark>> marks; // (index into records, mark)
};

/// Reads the records of one segment. What follows the last good one was torn off by a crash if
/// nothing shows that it had been synced; else it is damage: `internal`, naming the offset.
result<scanned> scan(std::string_view segment, const segment_header& header);

/// What counts of all records, oldest segment first.
struct survivors {
  raft::ballot ballot;
  raft::snapshot_mark start;
  std::vector<place> entries; // of start + 1, start + 2, ...
};
result<survivors> resolve(const std::vector<scanned>& segments);

} // namespace troupe::wal
