// One request on its way through the pipeline: fetch a view, prepare, propose, perhaps again.
#pragma once

#include "actors/api/pipeline/pipeline.hpp"
#include "actors/api/server/server.hpp"
#include "actors/kernel/actor.hpp"

#include <functional>
#include <optional>

namespace troupe::api_server {

/// Goes on with something after a while. An API worker tells it to itself.
struct resume {
  using local_only = void;
  std::function<void()> what;
};
/// Looks for streams that nobody pulls any more, and for bookmarks that are due.
struct tidy_streams {
  using local_only = void;
};
using worker_actor = client::api_actor::extend<proto::tell<resume>, proto::tell<tidy_streams>>;

struct api_state;
using pointer = kernel::self_ptr<worker_actor, api_state>;

/// What a request came to: an answer, or a watch to be opened at a view.
struct opened {
  pipeline::watch_plan plan;
  store::view_ptr view;
};
using settled = std::variant<api::response, opened>;

/// Calls `then` once, within `budget`. Storage that has no leader is asked again meanwhile: nothing
/// was done then.
void run_request(pointer self, api::request what, duration budget,
                 std::function<void(settled)> then);

} // namespace troupe::api_server
