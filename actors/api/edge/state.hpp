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

struct watching;
using watching_ptr = std::shared_ptr<watching>;
/// The client of a watch reads again. The edge tells it to itself.
struct drained {
  using local_only = void;
  watching_ptr what;
};
using front_interface = front_actor::extend<proto::tell<drained>>;
using pointer = kernel::self_ptr<front_interface, front_state>;

/// Streams a watch to the client. (watch.cpp)
void serve_watch(pointer self, api::request what, http::responder to);
/// Hands over what there was no room for, then asks for more.
void go_on(pointer self, const watching_ptr& w);

/// Streams a container's log from the pod's node. (logs.cpp)
void serve_logs(pointer self, api::request what, const std::string& target, http::responder to);

} // namespace troupe::edge
