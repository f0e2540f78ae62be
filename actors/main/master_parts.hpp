// A master without its host: the tree of its actors and what it offers to other processes. The
// program adds files, sockets and HTTPS (master.cpp); the simulation adds its own world.
//
//   master_wires wires{process};
//   auto tree = master_tree(process, links, wires, {...}); // offers the control plane's portals
//   offer_portals(links, wires);
//   links.start(...);
//   spawn_supervisor({.process = process}, tree);
#pragma once

#include "actors/api/auth/tokens.hpp"
#include "actors/client/protocol.hpp"
#include "actors/kernel/links.hpp"
#include "actors/kernel/pool.hpp"
#include "actors/kernel/supervisor.hpp"
#include "actors/main/control_plane.hpp"
#include "actors/storage/raw.hpp"
#include "actors/storage/raw_watch.hpp"
#include "actors/storage/replica.hpp"
#include "config/schema/schema.hpp"
#include "config/settings/master.hpp"
#include "store/etcd/values.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe::program {

/// The handles of a master's actors, made before the actors.
struct master_wires {
  explicit master_wires(const kernel::process_ptr& p);
  kernel::stable<storage::replica_actor> replica;
  kernel::stable<storage::watch_hub_actor> hub;
  kernel::stable<storage::raw_actor> raw;
  kernel::stable<storage::raw_watch_actor> raw_watch;
  kernel::stable<kernel::scope_actor> scope;
  kernel::stable<masters_actor> masters;
  std::vector<kernel::stable<client::api_actor>> api;

  std::vector<client::api_actor> workers() const;
};

struct master_dependencies {
  settings::master settings;
  storage::opened_store store;
  std::shared_ptr<kernel::blocking_pool> writer; // one thread: the log's
  std::shared_ptr<kernel::blocking_pool> reader;
  schema::catalog_ptr catalog;
  std::string version; // of the program, as /version says it
  std::string ca_pem;
  std::shared_ptr<leadership_note> leadership;
  std::shared_ptr<storage::health_board> health{}; // kept by the replica; may be null
  masters_board_ptr masters{};                     // kept by the replica; null: one of its own
  std::vector<kernel::child> edge;                 // what stands beside the API's workers
  std::vector<kernel::child> scope{};              // what else lives in the leader scope
  storage::replica_settings tuning{};              // what the settings do not say
  std::function<void()> removed{};                 // from the cluster; the replica ends after it
  authn::token_authority_ptr tokens{}; // of service accounts; null: none are made or taken
  std::shared_ptr<etcd::cluster> etcd{}; // the store, instead of `store`; claimed. Null: built in
};

/// Uses `links` for as long as the actors live.
kernel::tree master_tree(const kernel::process_ptr& process, kernel::links& links,
                         const master_wires& wires, master_dependencies with);
/// What other masters and nodes may say to this one.
void offer_portals(kernel::links& links, const master_wires& wires);

/// What the settings say until the replica knows better.
masters_board_ptr make_masters_board(const settings::master& with);
/// The first voters, each NAME=HOST:PORT, when this master is one of them; else none.
std::vector<std::string> founders_of(const settings::master& with);
/// HOST:PORT.
result<kernel::endpoint> endpoint_of(const std::string& address);

} // namespace troupe::program
