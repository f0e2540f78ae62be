// The little world of tests/support as an API actor with informers that lag behind it.
#pragma once

#include "actors/client/informer.hpp"
#include "tests/support/deterministic.hpp"
#include "tests/support/world.hpp"

namespace troupe::control::testing {

struct world_api {
  tests::world world;
  duration lag = 5ms; // from a write to the informers' news of it
  int lists = 0;      // list requests so far
  std::function<std::optional<failure>(const api::request&)> refuse; // before it is performed
  std::vector<std::pair<resource, client::informed_actor>> subscribers;
  using objects = std::map<std::string, std::pair<resource, api::object_ptr>>; // by uid
  objects noticed;   // as `changes` last saw them
  objects published; // as the informers know them

  api::response serve(const api::request& r);
  /// What changed since the last call, as news per resource.
  std::vector<client::informed> changes();
  client::informed whole(const resource& of);
  /// The informers learn it.
  void show(const std::vector<client::informed>& news);
  /// After a change that a test made by hand.
  void publish();
};
using world_ptr = std::shared_ptr<world_api>;

client::api_actor spawn_api(const kernel::place& at, world_ptr state);
client::informer_actor spawn_informer(const kernel::place& at, world_ptr state, resource of);

} // namespace troupe::control::testing
