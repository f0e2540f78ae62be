// What the network actor knows of the cluster, and what of it the drivers have not yet done. Pure.
#pragma once

#include "config/api/request.hpp"
#include "netd/model/routes.hpp"
#include "netd/podnet/plan.hpp"

#include <map>
#include <vector>

namespace troupe::network {

class picture {
public:
  explicit picture(netd::podnet_options node) : node_(std::move(node)) {}

  enum class kind : std::uint8_t { services, slices, nodes };
  /// `whole`: these are all objects there are of the kind.
  void note(kind of, const std::vector<api::event>& events, bool whole);

  /// Nothing until Services and EndpointSlices are known as a whole: with only one of them, rules
  /// that serve would be replaced by some that refuse.
  bool rules_known() const { return services_known_ && slices_known_; }
  /// What the proxy must do next; the first time it is the whole.
  netd::route_changes take_rules();
  /// The proxy did not do it: it comes again with the next.
  void put_back(const netd::route_changes& failed);

  bool nodes_known() const { return nodes_known_; }
  netd::podnet_plan pods() const { return plan_pod_network(node_, nodes_); }

private:
  void note_one(kind of, const api::event& e);
  void forget_others(kind of, const std::vector<api::event>& present);

  netd::podnet_options node_;
  netd::route_table routes_;
  netd::route_changes left_{.services = {}, .whole = true};
  std::map<std::string, netd::node_network> nodes_;
  bool services_known_ = false;
  bool slices_known_ = false;
  bool nodes_known_ = false;
};

} // namespace troupe::network
