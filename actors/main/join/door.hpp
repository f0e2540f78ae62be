// POST /troupe/join on a master: lets machines in that show a token.
#pragma once

#include "actors/api/http/server.hpp"
#include "actors/client/protocol.hpp"
#include "actors/kernel/place.hpp"
#include "actors/main/join/protocol.hpp"
#include "actors/storage/peer.hpp"

#include <caf/typed_actor.hpp>

#include <functional>
#include <memory>

namespace troupe::join {

struct knocked {
  using local_only = void;
  std::shared_ptr<const http::request> what;
  http::responder to;
};
using door_actor = caf::typed_actor<proto::tell<knocked>>;

struct door_dependencies {
  client::api_actor api;
  storage::peer_actor replica; // of this master: takes masters in as learners
  std::shared_ptr<const pki::shared_secrets> secrets;
  std::string settings_of_masters; // YAML
  std::string settings_of_nodes;
  /// Every master, and every process that is linked.
  std::function<std::vector<known_member>()> known;
  /// NAME=HOST:LINKPORT of every master.
  std::function<std::vector<std::string>()> masters;
};

/// Answers as Kubernetes does (Status): 400, 401 (no token, wrong, expired), 403 (not for masters),
/// 409 (the name is taken), 429 (too many at once), 503. Every machine is let in within 10 s.
door_actor spawn_door(const kernel::place& at, door_dependencies with);

} // namespace troupe::join
