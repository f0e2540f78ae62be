// The replica of one master: hosts the Raft core, applies what is committed, answers reads.
// Its death ends the process.
#pragma once

#include "actors/kernel/links.hpp"
#include "actors/kernel/pool.hpp"
#include "actors/kernel/scope.hpp"
#include "actors/storage/health.hpp"
#include "actors/storage/peer.hpp"
#include "actors/storage/protocol.hpp"
#include "store/mvcc/compaction_schedule.hpp"
#include "store/mvcc/replica.hpp"
#include "store/raft/core.hpp"
#include "store/wal/log_file.hpp"

#include <functional>
#include <memory>
#include <string>

namespace troupe::storage {

struct replica_settings {
  raft::options raft;                   // self and seed set
  std::string address;                  // of this member: NAME=HOST:PORT
  duration tick = 50ms;                 // of the core's clock
  duration compact_after = 5min;        // history kept
  std::uint64_t flush_entries = 20'000; // applied entries between two flushes of the state machine
  std::size_t max_waiting = 16'384;     // transactions and reads under way; more are refused
  std::uint64_t disk_reserve = 0;       // bytes that stay free (health.hpp); 0: all may be used
};

/// What was opened from the disk (open.hpp, or the simulation's).
struct opened_store {
  std::shared_ptr<wal::file_layer> files;
  std::string directory;   // for snapshots under way; below it the caller has log and state
  std::uint64_t group = 0; // identity.hpp
  std::shared_ptr<wal::log_file> log;
  raft::recovered recovered;
  std::shared_ptr<store::engine> engine;
  std::shared_ptr<store::replica_state> state;
  seal::keyring_ptr keys{}; // of what is proposed here
};

struct replica_dependencies {
  replica_settings settings;
  opened_store store;
  std::shared_ptr<kernel::blocking_pool> writer; // one thread: the log's
  std::shared_ptr<kernel::blocking_pool> reader; // old entries, snapshots, flushes
  hub_feed_actor hub;
  kernel::scope_actor scope; // told when this replica leads
  /// The replica of a member, by its address (NAME=HOST:PORT); dials if need be. "NAME=" alone is
  /// one that is linked already.
  std::function<peer_actor(member_id, const std::string& address)> peer;
  /// Told at the start and whenever the members of the group change, on the actor's thread; `since`
  /// is greater for later ones, on every master. May be empty.
  std::function<void(const raft::configuration&, log_index since)> members{};
  std::shared_ptr<health_board> health{}; // kept here; may be null
  /// Told, before the actor ends, that the group has removed this member: it is not to be started
  /// again. May be empty.
  std::function<void()> removed{};
};

/// Speaks replica_actor inside the process, peer_actor to the other masters, and hears of links.
/// Ends when this member was removed from the group.
struct replica_handles {
  replica_actor local;
  peer_actor peers;
  kernel::link_subscriber links;
  leaving_actor leaving; // before its process stops
};
replica_handles spawn_replica(const kernel::place& at, replica_dependencies with);

/// The member of a name: a hash that never changes.
member_id member_of(std::string_view name);
/// The name in NAME=HOST:PORT.
std::string name_of(std::string_view member_address);

} // namespace troupe::storage
