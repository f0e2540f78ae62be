#include "actors/main/link_types.hpp"

#include "actors/client/types.hpp"
#include "actors/lease/watcher.hpp"
#include "actors/main/masters.hpp"
#include "actors/storage/peer.hpp"

namespace troupe::program {

kernel::message_types link_types() {
  kernel::message_types out;
  storage::register_types(out);
  client::register_types(out);
  lease::register_types(out);
  register_masters_types(out);
  return out;
}

} // namespace troupe::program
