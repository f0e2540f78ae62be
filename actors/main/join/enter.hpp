// The other side of the door: a machine founds a cluster, or joins one, and keeps what it got in
// its data directory, from where it starts the next time.
//
//   DATA_DIR/config.yaml   its settings; written last: while it is missing, nothing has been joined
//   DATA_DIR/pki/          its key and certificate; a master's also the cluster's secrets
//   DATA_DIR/kubeconfig    of a master: the administrator's
#pragma once

#include "actors/main/join/protocol.hpp"
#include "config/pki/cluster.hpp"
#include "config/settings/master.hpp"
#include "config/settings/node.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace troupe::join {

struct enter_options {
  std::string data_dir;
  std::string config; // settings file of the user's; empty: none
  std::vector<std::string> sets;
  // to join:
  std::string address; // HOST or HOST:PORT of any master's API, or of a balancer
  std::string token;
  std::string ca_hash;
};

/// Whether this machine has founded or joined already.
bool is_member(const std::string& data_dir);
/// Fails when the store of a master that is a member is gone: with an empty log it would found the
/// cluster a second time, or vote twice.
result<void> check_store(const settings::master& with);
/// Its settings from then, with today's --set. T: settings::master or settings::node.
template <class T> result<T> own_settings(const enter_options& o);

/// What a new cluster begins with instead of nothing.
struct founding {
  std::optional<pki::shared_secrets> secrets{}; // of another cluster; none: new ones
  /// Makes the store; called before anything else is written. Empty: the master makes it.
  std::function<result<void>(const settings::master&)> fill{};
};
/// A cluster of one master, with secrets of its own unless said otherwise.
result<settings::master> found(const enter_options& o, founding begins = {});
/// NAME=HOST:PORT, at which the others reach it.
std::string member_address(const settings::master& with);
/// The settings of a master that is the only one now, remembered.
result<void> remember_alone(settings::master with);
/// Asks to be let in, for up to a minute while nobody is there or the masters are busy.
result<settings::master> join_as_master(const enter_options& o);
result<settings::node> join_as_node(const enter_options& o);

} // namespace troupe::join
