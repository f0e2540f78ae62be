// The actor that runs a controller: observes through informers, plans, performs.
//
// A child of the leader scope: its requests carry the scope's fence, and it dies with the scope. A
// key is planned only when everything that was written for it has been seen (expectations), and by
// one performance at a time.
#pragma once

#include "actors/client/informer.hpp"
#include "actors/controllers/shell/registration.hpp"

namespace troupe::control {

struct look_again {
  using local_only = void;
};

using reconciler_actor = caf::typed_actor< //
  proto::tell<client::informed>,           // this has changed
  proto::tell<look_again>>;                // a time has come

struct reconciler_settings {
  registration what;
  std::map<resource, client::informer_actor> informers; // at least those that it reads
  client::api_actor api;
  api::user user;                  // as whom it writes
  std::size_t at_once = 8;         // keys that are performed at the same time
  std::size_t writes_at_once = 16; // creates and deletes of one key
};

reconciler_actor spawn_reconciler(const kernel::place& at, reconciler_settings with);

} // namespace troupe::control
