// The bytes of a segment: its header, and the records behind it. README.md draws them.
#pragma once

#include "store/raft/types.hpp"
#include "store/wal/log_file.hpp"

#include <optional>

namespace troupe::wal {

enum class record_kind : std::uint8_t {
  ballot = 1, // term, vote
  start = 2,  // the log starts after this mark: entries up to it are void
  reset = 3,  // likewise, and all entries before this record are void
  entry = 4,  // term, index, kind, bytes
  seal = 5,   // nothing more was written before the log was closed
};

inline constexpr std::uint64_t records_begin = 4096; // the header has the first page for itself
inline constexpr std::uint64_t record_header_bytes = 24;

struct segment_header {
  std::uint64_t number = 0;
  std::uint64_t size = 0; // of the file
  wal::identity identity;
  std::uint64_t previous_end = 0; // where the records of the segment before end; 0: there is none
  std::uint32_t chain = 0;        // checksum of the last record before this segment
};
std::string encode(const segment_header& h); // records_begin bytes
/// Fails with `internal` if it is damaged or of an unknown version.
result<segment_header> decode_segment_header(std::string_view bytes);

/// A record in a segment that is being read; `payload` points into the segment's bytes.
struct record {
  std::uint32_t checksum = 0;
  std::uint32_t previous = 0; // checksum of the record in front
  std::uint32_t synced = 0;   // everything before this offset was durable when this was written
  record_kind kind = record_kind::seal;
  std::string_view payload;
  std::uint64_t size() const { return padded(payload.size()); }
  /// Bytes of a record with this much payload.
  static std::uint64_t padded(std::uint64_t payload) {
    return (record_header_bytes + payload + 7) / 8 * 8;
  }
};
/// The record at `offset` if its checksum is right and it belongs to segment `number`; the chain is
/// the caller's to check.
std::optional<record> read_record(std::string_view segment, std::uint64_t offset,
                                  std::uint64_t number);
/// Appends a record to `out` and returns its checksum.
std::uint32_t put_record(std::string& out, record_kind kind, std::string_view payload,
                         std::uint64_t number, std::uint64_t synced, std::uint32_t previous);
/// How many bytes the record at `offset` claims to have, checked or not; 0 if it cannot be one.
std::uint64_t claimed_size(std::string_view segment, std::uint64_t offset, std::uint64_t number);

std::string encode(const raft::ballot& b);
std::string encode(const raft::snapshot_mark& m);
std::string encode(const raft::entry& e);
std::optional<raft::ballot> decode_ballot(std::string_view payload);
std::optional<raft::snapshot_mark> decode_mark(std::string_view payload);
std::optional<raft::log_position> decode_position(std::string_view payload); // of an entry
std::optional<raft::entry> decode_entry(std::string_view payload);
inline std::uint64_t entry_payload_bytes(const raft::entry& e) { return 17 + e.bytes().size(); }

} // namespace troupe::wal
