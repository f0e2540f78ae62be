// A request on a master whose replica lags behind: what only the past says is not believed.
#include "actors/api/server/server.hpp"
#include "tests/support/api_world.hpp"
#include "tests/support/deterministic.hpp"

#include <doctest/doctest.h>

namespace troupe::api_server {
namespace {

using freshness = storage::get_view::freshness;

/// What a replica and its hub answer: views of the past unless a linearizable one is asked for.
struct lagging_master {
  support::api_world world;
  store::view_ptr past = world.store.view();
  std::vector<freshness> asked;
  deterministic actors;
  client::api_actor api = spawn_api(
    actors.at("api"),
    {.replica = replica(), .hub = {}, .catalog = world.catalog, .pages = nullptr, .set = {}});

  storage::replica_actor replica() {
    using pointer = kernel::self_ptr<storage::replica_actor, kernel::stateless>;
    return kernel::spawn<storage::replica_actor, kernel::stateless>(
      actors.at("replica"), [this](pointer) -> storage::replica_actor::behavior_type {
        return {
          [this](const storage::transact& m) -> kernel::reply<storage::transacted> {
            auto outcome = world.store.apply(m.what);
            return storage::transacted{outcome, world.store.view()};
          },
          [this](const storage::get_view& m) -> kernel::reply<storage::viewed> {
            asked.push_back(m.how);
            return storage::viewed{m.how == freshness::any ? past : world.store.view()};
          },
          [](const storage::get_view_at&) -> kernel::reply<storage::viewed> {
            return kernel::answer(failure{.reason = reason::expired, .message = "compacted"});
          },
          [](const storage::get_history&) -> kernel::reply<storage::history_of> {
            return storage::history_of{};
          },
          [](const storage::get_leadership&) -> kernel::reply<storage::leadership> {
            return storage::leadership{};
          },
        };
      });
  }

  int code_of(api::verb v, const api::user& who) {
    auto r = support::api_world::request(v, "", "v1", "pods", "default", "p");
    r.subresource = "status";
    r.patch = api::patch_type::merge;
    r.body = R"({"status":{"phase":"Running"}})";
    r.from = who;
    auto answer = actors.ask<client::called>(api, client::call{std::move(r)});
    REQUIRE(answer);
    return answer->answer.code;
  }
};

const api::user node_1 = {.name = "system:node:n1", .groups = {"system:nodes"}, .uid = {}};
const api::user node_2 = {.name = "system:node:n2", .groups = {"system:nodes"}, .uid = {}};

TEST_CASE("api server: what a past view forbids is looked at once more at a linearizable one") {
  lagging_master m;
  auto made = m.world.post(
    "", "v1", "pods", "default",
    {{"metadata", {{"name", "p"}}},
     {"spec", {{"nodeName", "n1"}, {"containers", {{{"name", "c"}, {"image", "i"}}}}}}});
  REQUIRE(made.code == 201);
  CHECK(m.code_of(api::verb::patch, node_1) == 200);
  CHECK(m.asked == std::vector<freshness>{freshness::any, freshness::linearizable});
  m.asked.clear();
  CHECK(m.code_of(api::verb::patch, node_2) == 403);
  CHECK(m.asked == std::vector<freshness>{freshness::any, freshness::linearizable});
}

} // namespace
} // namespace troupe::api_server
