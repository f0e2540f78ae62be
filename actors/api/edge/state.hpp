// What the HTTP edge's actor holds.
#pragma once

#include "actors/api/edge/front.hpp"
#include "actors/kernel/actor.hpp"

namespace troupe::edge {

struct front_state {
  front_state() = default;
  front_dependencies with;
  std::size_t next = 0; // worker for the next request

  const client::api_actor& worker() { return with.workers[next++ % with.workers.size()]; }
};
using pointer = kernel::self_ptr<front_actor, front_state>;

/// Streams a watch to the client, one event a chunk. (watch.cpp)
void serve_watch(pointer self, api::request what, http::responder to);

/// Streams a container's log from the pod's node. (logs.cpp)
void serve_logs(pointer self, api::request what, const std::string& target, http::responder to);

} // namespace troupe::edge
