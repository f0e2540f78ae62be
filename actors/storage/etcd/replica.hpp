// A master's store in an etcd cluster: the same protocols as the built-in replica, on one watch of
// our prefix and a copy of it in memory. Every master writes for itself; who leads is an election
// in etcd (store/etcd/election.hpp). Its death ends the process.
#pragma once

#include "actors/storage/replica.hpp"
#include "store/etcd/keys.hpp"
#include "store/etcd/values.hpp"
#include "store/seal/keyring.hpp"

#include <map>

namespace troupe::storage {

struct etcd_settings {
  std::string name;    // of this master
  std::string address; // HOST:PORT of its links
  std::string prefix;
  duration lease = 5s;              // a master that dies leads no more after it
  duration compact_after = 5min;    // history kept
  bool compacts = true;             // etcd's history, by the leader
  std::size_t max_waiting = 16'384; // transactions and reads under way; more are refused
  std::uint64_t page = 512;         // keys of one answer while the whole prefix is read
};

struct etcd_dependencies {
  etcd_settings settings;
  std::shared_ptr<etcd::cluster> cluster;
  seal::keyring_ptr keys{}; // encryption at rest; null: nothing is sealed
  hub_feed_actor hub;       // of a hub with sparse revisions
  kernel::scope_actor scope;
  /// The masters, HOST:PORT by name; told at the start and whenever they change, on the actor's
  /// thread. `since` is greater for later ones, on every master. May be empty.
  std::function<void(const std::map<std::string, std::string>&, revision since)> masters{};
  /// As of replica_dependencies.
  std::function<void()> removed{};
};

replica_handles spawn_etcd_replica(const kernel::place& at, etcd_dependencies with);

/// Blocks, at most about `within`; before any actor. Makes the prefix ours when it is empty. Fails
/// with `conflict` when it holds something foreign or belongs to another cluster.
result<void> claim_prefix(etcd::cluster& at, const etcd::key_space& keys,
                          const std::string& cluster, duration within);

} // namespace troupe::storage
