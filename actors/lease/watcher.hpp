// Watches the links to the nodes on every master and tells the others; the suspects that follow are
// on a board that the endpoint controllers read.
#pragma once

#include "actors/controllers/registrations.hpp"
#include "actors/kernel/place.hpp"
#include "actors/kernel/types.hpp"
#include "actors/lease/protocol.hpp"
#include "actors/lease/suspicion.hpp"

#include <functional>

namespace troupe::lease {

struct watcher_settings {
  std::string self; // this master's name
  /// The other masters as they are known now, by name. Called now and then on the actor's thread.
  std::function<std::map<std::string, watcher_actor>()> masters;
  control::suspects_ptr board;
  std::function<term_id()> term; // of the leader as far as known: a change suspends
  suspicion::settings limits{};
};

watcher_actor spawn_watcher(const kernel::place& at, watcher_settings with);

/// Registers what crosses links.
void register_types(kernel::message_types& types);

} // namespace troupe::lease
