// What a cluster has before anybody asked for it: its namespaces, and the Service `kubernetes` with
// the masters behind it. Kept by an actor of the leader scope.
#pragma once

#include "actors/client/protocol.hpp"
#include "actors/kernel/place.hpp"
#include "config/settings/master.hpp"

#include <functional>
#include <string>
#include <vector>

namespace troupe::program {

struct look_after { // the actor's own
  using local_only = void;
};
using bootstrap_actor = caf::typed_actor<proto::tell<look_after>>;

struct bootstrap_dependencies {
  client::api_actor api;
  settings::networks net;
  std::uint16_t api_port = 6443;
  /// Addresses of the masters that are ready, sorted.
  std::function<std::vector<std::string>()> ready_masters;
};
bootstrap_actor spawn_bootstrap(const kernel::place& at, bootstrap_dependencies with);

} // namespace troupe::program
