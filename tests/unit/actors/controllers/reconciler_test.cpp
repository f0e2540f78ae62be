#include "actors/controllers/registrations.hpp"
#include "actors/controllers/shell/reconciler.hpp"
#include "config/api/views/pod.hpp"
#include "tests/unit/actors/controllers/world_api.hpp"

#include <doctest/doctest.h>

namespace troupe::control {
namespace {

using nlohmann::json;
using testing::world_api;

json replica_set(int replicas) {
  return {
    {"apiVersion", "apps/v1"},
    {"kind", "ReplicaSet"},
    {"metadata", {{"name", "web"}, {"namespace", "d"}}},
    {"spec",
     {{"replicas", replicas},
      {"selector", {{"matchLabels", {{"app", "web"}}}}},
      {"template", {{"metadata", {{"labels", {{"app", "web"}}}}}, {"spec", json::object()}}}}}};
}

json deployment(int replicas, const std::string& image) {
  auto tree = replica_set(replicas);
  tree["kind"] = "Deployment";
  tree["spec"]["template"]["spec"]["containers"] = json::array({{{"name", "c"}, {"image", image}}});
  return tree;
}

/// A world with its API, informers and the given controllers, in a leader's place.
struct setting {
  explicit setting(const std::vector<registration>& run, std::uint64_t seed = 1) : time(seed) {
    api = testing::spawn_api(time.at("api"), state);
    for (const auto& r : {of::pods, of::replica_sets, of::deployments})
      informers.emplace(r, testing::spawn_informer(time.at("informers/" + r.plural), state, r));
    for (const auto& r : run)
      start(r);
  }
  reconciler_actor start(const registration& what) {
    auto at = time.at("controllers/" + what.name + std::to_string(++started));
    at.fence = kernel::fence{term_id{1}};
    return spawn_reconciler(at, {.what = what, .informers = informers, .api = api, .user = {}});
  }
  std::size_t pods() { return state->world.list(of::pods).size(); }

  deterministic time;
  testing::world_ptr state = std::make_shared<world_api>();
  client::api_actor api;
  std::map<resource, client::informer_actor> informers;
  int started = 0;
};

TEST_CASE("reconciler: makes exactly what was asked for, however late the informers are") {
  for (auto lag : {1ms, 50ms, 800ms}) {
    setting s{{replica_set_controller()}};
    s.state->lag = lag;
    std::size_t most = 0;
    s.state->world.check = [&] { most = std::max(most, s.pods()); };
    s.state->world.put(of::replica_sets, replica_set(30));
    s.state->publish();
    s.time.advance(10s);
    CHECK(s.pods() == 30);
    CHECK(most == 30);
    CHECK(s.state->world.tree(of::replica_sets, "d", "web")["status"]["replicas"] == 30);
  }
}

TEST_CASE("reconciler: a second leader's controller with an old cache counts before it creates") {
  setting s{{}};
  s.state->lag = 300ms;
  s.state->world.put(of::replica_sets, replica_set(5));
  s.state->publish();
  auto first = s.start(replica_set_controller());
  s.time.advance(20ms); // it has created, and no informer knows yet
  CHECK(s.pods() == 5);
  s.start(replica_set_controller());
  s.time.advance(100ms);
  CHECK(s.state->lists > 1); // compared, found to be behind, compared again
  s.time.advance(10s);
  CHECK(s.pods() == 5);
}

TEST_CASE("reconciler: retries with pauses what is refused, and tells why") {
  setting s{{replica_set_controller()}};
  bool full = true;
  int tries = 0;
  s.state->refuse = [&](const api::request& r) -> std::optional<failure> {
    if (!full || r.verb != api::verb::create || r.resource != "pods")
      return std::nullopt;
    ++tries;
    return failure{.reason = reason::forbidden, .message = "exceeded quota"};
  };
  s.state->world.put(of::replica_sets, replica_set(2));
  s.state->publish();
  s.time.advance(5s);
  CHECK(tries > 3);
  CHECK(tries < 40);
  auto conditions = s.state->world.tree(of::replica_sets, "d", "web")["status"]["conditions"];
  CHECK(conditions[0]["reason"] == "FailedCreate");
  full = false;
  s.time.advance(60s);
  CHECK(s.pods() == 2);
}

TEST_CASE("reconciler: without its term it does nothing") {
  setting s{{}};
  s.state->world.put(of::replica_sets, replica_set(2));
  s.state->publish();
  auto at = s.time.at("controllers/late");
  at.fence = kernel::fence{term_id{1}};
  at.fence->withdraw();
  spawn_reconciler(
    at, {.what = replica_set_controller(), .informers = s.informers, .api = s.api, .user = {}});
  s.time.advance(5s);
  CHECK(s.pods() == 0);
}

TEST_CASE("reconciler: deployments roll with their ReplicaSets, never beyond replicas and surge") {
  setting s{{replica_set_controller(), deployment_controller()}};
  s.state->lag = 20ms;
  auto active = [&] {
    auto all = s.state->world.views<views::pod>(of::pods);
    return std::count_if(all.begin(), all.end(), [](const auto& p) { return p.active(); });
  };
  std::int64_t most = 0;
  s.state->world.check = [&] { most = std::max<std::int64_t>(most, active()); };
  auto kubelet = [&] {
    for (int round = 0; round < 100; ++round) {
      s.time.advance(100ms);
      for (const auto& p : s.state->world.views<views::pod>(of::pods, "d"))
        if (p.meta.deleted)
          s.state->world.erase(of::pods, "d", p.meta.name);
        else if (!p.ready())
          s.state->world.change(of::pods, "d", p.meta.name, [&](json& t) {
            t["spec"]["nodeName"] = "n";
            t["status"] = {{"phase", "Running"},
                           {"conditions", json::array({{{"type", "Ready"}, {"status", "True"}}})}};
          });
      s.state->publish();
    }
  };
  s.state->world.put(of::deployments, deployment(4, "a"));
  s.state->publish();
  kubelet();
  CHECK(active() == 4);
  s.state->world.put(of::deployments, deployment(4, "b"));
  s.state->publish();
  kubelet();
  CHECK(active() == 4);
  CHECK(most == 5); // 25 % of four
  auto status = s.state->world.tree(of::deployments, "d", "web")["status"];
  CHECK(status["updatedReplicas"] == 4);
  CHECK(status["availableReplicas"] == 4);
  CHECK(s.state->world.list(of::replica_sets).size() == 2);
}

} // namespace
} // namespace troupe::control
