#include "actors/client/types.hpp"

#include "actors/client/protocol.hpp"

namespace troupe::client {

void register_types(kernel::message_types& types) {
  types.add<call>("api.call");
  types.add<called>("api.called", kernel::lane::bulk);
  types.add<open_watch>("api.open_watch");
  types.add<watch_opened>("api.watch_opened");
  types.add<next_events>("api.next_events");
  types.add<events>("api.events", kernel::lane::bulk);
  types.add<close_watch>("api.close_watch");
}

void accept_all(kernel::portal& p) {
  using kernel::role;
  p.accept<call>({role::master, role::node})
    .accept<open_watch>({role::master, role::node})
    .accept<next_events>({role::master, role::node})
    .accept<close_watch>({role::master, role::node});
}

} // namespace troupe::client
