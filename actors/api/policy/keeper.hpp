// Sees to it, once for each term of a leader, that the roles and bindings of the bootstrap policy
// are there and hold at least what they should.
#pragma once

#include "actors/client/protocol.hpp"
#include "actors/kernel/place.hpp"

namespace troupe::policy {

struct reconcile {
  using local_only = void;
};
using keeper_actor = caf::typed_actor<proto::tell<reconcile>>;

/// A child of the leader scope. Tries again until everything was found or written, then rests.
keeper_actor spawn_keeper(const kernel::place& at, client::api_actor api);

} // namespace troupe::policy
