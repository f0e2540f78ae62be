// What a leader knows of one follower and how fast it sends to it.
//
//              accepted                    too far behind the log's start
//   probing ------------> replicating    probing, replicating -----------> snapshotting
//      ^                      |                                                 |
//      +---- rejected, -------+                                                 |
//      |     reset                                                              |
//      +------------------------ snapshot failed --------------------------------+
//   (snapshotting becomes replicating when the follower accepts at or above the log's start)
#pragma once

#include "store/raft/options.hpp"

#include <deque>

namespace troupe::raft {

/// One letter at a time, until it is known where the logs agree.
struct probing {
  bool sent = false;
};
/// Letters leave before earlier ones are answered, as far as the window allows.
struct replicating {
  struct flight {
    log_index last{};
    std::uint64_t bytes = 0;
  };
  std::deque<flight> flights;
  std::uint64_t bytes = 0; // in all flights

  void depart(log_index last, std::uint64_t weight);
  void land(log_index match);
  bool full(const options& o) const;
};
/// The entries it needs are gone from the leader's log.
struct snapshotting {
  snapshot_id id{};
  snapshot_mark mark; // index 0: the host has not taken the snapshot yet
  std::uint64_t total = 0;
  std::uint64_t offset = 0; // known to be stored
  bool moved = true;        // something happened since the last heartbeat
  bool loading = false;     // a chunk was ordered from the host
};

struct progress {
  log_index match{};        // known to be durable there and equal; below next
  log_index next{};         // the next entry to send
  log_index told_commit{};  // the highest commit index sent
  log_index match_before{}; // match at the last heartbeat answer: no advance means lost letters
  read_round round{};       // the last one answered
  bool active = false;      // heard of since the last check of the quorum
  bool leaving = false;     // removed; still sent to until that is committed, so that it knows
  log_index loading{};      // entries from here on were ordered from the log file; 0: none
  std::variant<probing, replicating, snapshotting> way;

  void probe();
  void replicate();
};

} // namespace troupe::raft
