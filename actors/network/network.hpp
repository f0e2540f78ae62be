// The node's network actor: keeps this node's service rules and pod network equal to what the API
// says of Services, EndpointSlices and Nodes.
//
//   OR_RETURN(auto drivers, network::make_drivers(settings));          // drivers.hpp
//   {"network", restart::always, [=](const place& at) {
//      return network::spawn_network(at, {.services = ..., .slices = ..., .nodes = ...,
//                                         .drivers = drivers, .pool = pool, .node = podnet});
//   }}
//   ...                                       // after the tree and its pool have stopped:
//   network::clean_up(drivers);
//
// It works on differences, one piece of work per driver at a time: what comes meanwhile is added up
// and goes with the next one. It survives its own restart (drivers know what the kernel has) and
// heals what others remove, every `sync`.
#pragma once

#include "actors/client/informer.hpp"
#include "actors/kernel/place.hpp"
#include "actors/kernel/pool.hpp"
#include "netd/podnet/pod_network.hpp"
#include "netd/proxy/proxy.hpp"

#include <memory>
#include <string>

namespace troupe::network {

struct drivers {
  std::shared_ptr<netd::proxy> proxy;      // null: no service rules
  std::shared_ptr<netd::pod_network> pods; // null: no pod network
};

/// Takes rules, routes and settings back: an orderly stop's last step, or the first after a crash.
result<void> clean_up(const drivers& of);

struct network_dependencies {
  client::informer_actor services; // of the whole cluster, all three
  client::informer_actor slices;   // EndpointSlices
  client::informer_actor nodes;
  network::drivers drivers;
  std::shared_ptr<kernel::blocking_pool> pool; // of one thread, which no slow work shares
  netd::podnet_options node;
  duration retry_first = 50ms; // after a failure, then doubled
  duration retry_most = 5s;
  duration sync = 30s;   // the kernel's state is checked so often
  duration within = 30s; // one piece of work; then it counts as failed
};

/// How is it going?
struct describe {
  using local_only = void;
};
struct described {
  using local_only = void;
  std::uint64_t rule_changes = 0; // pieces of work done
  std::uint64_t pod_changes = 0;
  std::uint64_t healed = 0;  // times that rules were found gone and made anew
  bool pods_ready = false;   // this node's subnet is known and its CNI configuration in place
  std::string rules_failure; // of the last attempt; empty: it succeeded
  std::string pods_failure;
};

using network_actor = caf::typed_actor< //
  proto::tell<client::informed>,        // what has changed
  proto::ask<describe, described>>;

network_actor spawn_network(const kernel::place& at, network_dependencies with);

} // namespace troupe::network
