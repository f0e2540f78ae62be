// Makes the lists of the portal "store". Inside actors/storage only.
#pragma once

#include "actors/kernel/actor.hpp"
#include "actors/storage/raw.hpp"

namespace troupe::storage {

struct make_list {
  using local_only = void;
  store::view_ptr of; // null: the one that is kept of `what.at`, or the past
  list_raw what;
  kernel::promise<raw_listed> to;
};

using lister_actor = caf::typed_actor<proto::tell<make_list>>;

lister_actor spawn_lister(const kernel::place& at, replica_actor replica);

} // namespace troupe::storage
