// What an API worker holds: its dependencies and its open watches.
#pragma once

#include "actors/api/pipeline/admission.hpp"
#include "actors/api/server/job.hpp"
#include "actors/api/server/server.hpp"

#include <deque>
#include <map>
#include <memory>

namespace troupe::api_server {

/// One open watch: pulled by its client, pulling from the hub.
struct stream {
  pipeline::watch_plan plan;
  std::uint64_t subscription = 0; // at the hub
  std::deque<api::event> ready;
  store::view_ptr initial;  // what its initial events are of; null: they are all in `ready`
  std::string next_initial; // the key to go on with
  kernel::promise<client::events> asked; // open while the client waits
  bool pulling = false;                  // a question to the hub is under way
  bool ended = false;                    // nothing follows `ready`
  revision bookmarked{};
  instant last_asked{};
  instant last_bookmark{};
  std::optional<instant> until; // timeoutSeconds
};
using stream_ptr = std::shared_ptr<stream>;

struct api_state {
  explicit api_state(dependencies d, random_source r)
      : with(std::move(d)), random(r), admission(pipeline::built_in_admission()) {}
  api_state() : api_state({}, random_source{0}) {}

  dependencies with;
  random_source random;
  pipeline::admission_chain admission;
  std::shared_ptr<authz::policy> roles = std::make_shared<authz::policy>();
  authn::token_reader token_reader;
  std::map<std::uint64_t, stream_ptr> streams;
  /// The last changes read, for the watches that see the same ones.
  std::deque<std::pair<const store::change*, std::shared_ptr<const pipeline::seen_change>>> seen;
};

} // namespace troupe::api_server
