// What a kubelet answers over HTTPS (port 10250), behind its server's authentication: container
// logs, the node's pods, usage.
//
//   /containerLogs/NS/POD/CONTAINER?follow=&previous=&tailLines=&sinceSeconds=&sinceTime=&timestamps=&limitBytes=
//   /exec/NS/POD/CONTAINER?command=...&stdin=&stdout=&stderr=&tty=    an upgrade; bytes pass to the
//   runtime /attach/NS/POD/CONTAINER   /portForward/NS/POD                    likewise /pods
//   /runningpods   /stats/summary
#pragma once

#include "actors/api/http/server.hpp"
#include "actors/kernel/place.hpp"
#include "actors/kernel/pool.hpp"
#include "actors/kubelet/pod/make.hpp"
#include "actors/kubelet/protocol.hpp"

#include <atomic>
#include <memory>
#include <string>

namespace troupe::kubelet {

/// One request, authenticated and authorized.
struct asked {
  using local_only = void;
  std::shared_ptr<const http::request> what;
  http::responder to;
};
struct follower_due { // the server's own: does the container that somebody follows still run?
  using local_only = void;
  std::string pod_uid;
  std::string container;
  std::shared_ptr<std::atomic<bool>> alive;
};
using server_actor = caf::typed_actor<proto::tell<asked>, proto::tell<follower_due>>;

struct server_settings {
  manager_actor manager;
  engine::engine_actor engine;
  std::shared_ptr<const node_facts> node;
  std::shared_ptr<kernel::blocking_pool> readers; // a follower of a log keeps a thread
};

server_actor spawn_server(const kernel::place& at, server_settings with);

/// The prefixes of paths that `asked` is for.
inline constexpr const char* server_paths[] = {
  "/containerLogs", "/exec", "/attach", "/portForward", "/pods", "/runningpods", "/stats"};

} // namespace troupe::kubelet
