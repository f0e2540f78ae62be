// A node and its masters: links to all of them, the balancer in front of them, and the list that is
// kept for the next start.
#pragma once

#include "actors/client/failover.hpp"
#include "actors/kernel/links.hpp"
#include "actors/kernel/supervisor.hpp"
#include "actors/main/masters.hpp"
#include "config/settings/node.hpp"
#include "netd/balancer/balancer.hpp"

#include <memory>
#include <string>

namespace troupe::program {

/// Lives as long as the node.
class node_masters {
public:
  /// Dials the masters of the settings and those that were known last time; starts the balancer if
  /// the settings want one (a port that is taken is told on standard error, and the node goes on).
  static result<std::unique_ptr<node_masters>>
  start(const settings::node& with, const std::string& ca_pem, kernel::links& links);
  node_masters(const settings::node& with, kernel::links& links, masters_known first);
  node_masters(const node_masters&) = delete;
  node_masters& operator=(const node_masters&) = delete;

  /// Handles of their APIs, for the failover.
  client::api_servers servers() const;
  /// Keeps everything up to date.
  kernel::child follower();

private:
  void serve(const std::string& ca_pem);
  void change(const masters_known& before, const masters_known& now);

  settings::node with_;
  kernel::links& links_;
  masters_board_ptr board_;
  std::unique_ptr<balancer::balancer> balancer_;
};

} // namespace troupe::program
