// Whether a master's store takes writes: not while its disk is (nearly) full.
//
// Below a reserve of free bytes a leader refuses what makes the store grow; what is left is for
// what shrinks it or is under way: deletions, compaction, ballots, members. If another voter has
// room, that one is to lead. It is looked again each second, and the refusal ends by itself.
#pragma once

#include "config/base/board.hpp"

#include <cstdint>
#include <string>

namespace troupe::storage {

struct disk_facts {
  std::uint64_t free_bytes = ~std::uint64_t{0}; // for us, on the store's file system
  std::uint64_t reserve_bytes = 0;
  bool log_refused = false;  // the last write to the log found no room
  bool rows_refused = false; // committed entries wait for room in the state machine
};

/// Whether writes are refused from now on; `refused`: they are until now. It takes a quarter more
/// than the reserve to end it, so that it does not flap.
bool too_full(const disk_facts& now, bool refused);

/// As others see it.
struct store_health {
  bool read_only = false;
  std::string why;     // of read_only
  bool behind = false; // what is committed finds no room here: it must not be asked
  std::uint64_t free_bytes = 0;
  std::uint64_t reserve_bytes = 0;
  bool operator==(const store_health&) const = default;
};
using health_board = board<store_health>;

/// What a client is told whose write is refused: on the disk of `member`, below `directory`.
std::string full_message(const disk_facts& now, const std::string& member,
                         const std::string& directory);

} // namespace troupe::storage
