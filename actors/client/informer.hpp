// An informer: the state of one kind of object, listed once and watched from then on, shared by the
// actors of a process. It survives the loss of its server: it goes on from the last version it saw,
// at the next server, and lists anew only when that version is gone.
//
//   auto pods = client::spawn_informer(at, {.what = {.version = "v1", .resource = "pods"}, .servers
//   = {api}}); self->tell(pods, client::inform{subscriber});   // on start, and again now and then
//   ...
//   [self](const client::informed& news) { ... }    // first the whole state, then what changes
#pragma once

#include "actors/client/protocol.hpp"
#include "actors/kernel/place.hpp"

#include <memory>
#include <vector>

namespace troupe::client {

/// What a subscriber is told, in order. The same value goes to all of them.
struct informed {
  using local_only = void;
  struct news {
    std::string group;    // of the kind watched
    std::string resource; // plural
    bool whole =
      false; // `events` are all objects there are (as added); what is not among them is gone
    std::vector<api::event> events; // added, modified, deleted
    revision upto{};                // everything up to here is told
  };
  std::shared_ptr<const news> what;
};
std::string traced_object(const informed& m);
using informed_actor = caf::typed_actor<proto::tell<informed>>;

/// Tell me of everything. Answered with the whole state (once there is one), then each change.
/// Saying it again changes nothing; saying it is how a subscriber outlives the informer's restart,
/// so say it every `inform_every`: who is silent for four times as long is forgotten. `told` is the
/// `upto` that the subscriber was told last; with none the whole state comes again.
struct inform {
  using local_only = void;
  informed_actor who;
  revision told{};
};

using informer_actor = caf::typed_actor<proto::tell<inform>>;

struct informer_settings {
  api::request what; // group, version, resource, ns, options' selectors, from, fence-less
  std::vector<api_actor> servers; // tried in turn
  duration retry_first = 50ms;
  duration retry_most = 2s;
};

informer_actor spawn_informer(const kernel::place& at, informer_settings with);

/// How often a subscriber repeats itself: for so long a restarted informer may be unheard.
inline constexpr duration inform_every = 2s;

} // namespace troupe::client
