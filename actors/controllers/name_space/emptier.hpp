// The actor that empties namespaces which are being deleted. It lists what is left of every
// namespaced resource anew in each round, so kinds without an informer are found as well.
#pragma once

#include "actors/client/informer.hpp"
#include "actors/controllers/action.hpp"
#include "config/schema/schema.hpp"

namespace troupe::name_space {

struct go_on {
  using local_only = void;
};
using emptier_actor = caf::typed_actor< //
  proto::tell<client::informed>,        // namespaces have changed
  proto::tell<go_on>>;

struct emptier_settings {
  client::informer_actor namespaces;
  client::api_actor api;
  api::user user;
  std::function<schema::catalog_ptr()> catalog; // the kinds that are served now
};

emptier_actor spawn_emptier(const kernel::place& at, emptier_settings with);

} // namespace troupe::name_space
