// The API of one master: runs requests through the pipeline against the local replica.
#pragma once

#include "actors/api/pipeline/environment.hpp"
#include "actors/api/server/documents.hpp"
#include "actors/client/protocol.hpp"
#include "actors/kernel/place.hpp"
#include "actors/storage/protocol.hpp"

#include <memory>

namespace troupe::api_server {

struct dependencies {
  storage::replica_actor replica;
  storage::watch_hub_actor hub;
  schema::catalog_ptr catalog;
  std::shared_ptr<const documents> pages; // what is served beside resources
  pipeline::settings set;
  std::size_t max_streams = 20'000; // open watches; more are refused with too_many_requests
  authn::token_authority_ptr tokens{}; // of service accounts; null: none are made or taken
};

/// One worker; a master has several, each with its own watches. Whoever speaks to it is trusted to
/// have set `from` and `fence` rightly: the edges (HTTP, portals) stamp what comes from outside.
client::api_actor spawn_api(const kernel::place& at, dependencies with);

} // namespace troupe::api_server
