#include "actors/controllers/deployment/plan.hpp"
#include "actors/controllers/deployment/pod_template.hpp"
#include "actors/controllers/deployment/rollout.hpp"
#include "actors/controllers/replica_set/plan.hpp"
#include "config/base/random.hpp"
#include "tests/support/world.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace troupe::deployment {
namespace {

namespace of = control::of;
using nlohmann::json;
using tests::world;

const std::string ns = "default";

json web(std::int64_t replicas, const std::string& image) {
  return {
    {"metadata", {{"name", "web"}, {"namespace", ns}}},
    {"spec",
     {{"replicas", replicas},
      {"selector", {{"matchLabels", {{"app", "web"}}}}},
      {"strategy",
       {{"type", "RollingUpdate"}, {"rollingUpdate", {{"maxSurge", 1}, {"maxUnavailable", 0}}}}},
      {"template",
       {{"metadata", {{"labels", {{"app", "web"}}}}},
        {"spec", {{"containers", {{{"name", "c"}, {"image", image}}}}}}}}}}};
}

observed look(const world& w, std::optional<failure> trouble = {}) {
  observed o{.now = w.now,
             .deployment = views::deployment::from(w.get(of::deployments, ns, "web")).value(),
             .sets = w.views<views::replica_set>(of::replica_sets, ns),
             .running_pods = {},
             .trouble = std::move(trouble)};
  for (const auto& p : w.views<views::pod>(of::pods, ns))
    if (const auto* owner = p.meta.controller(); owner != nullptr && !p.ended())
      ++o.running_pods[owner->uid];
  return o;
}

/// The ReplicaSet controller's part.
void run_sets(world& w, std::uint64_t seed) {
  for (const auto& s : w.views<views::replica_set>(of::replica_sets, ns))
    w.perform(replica_set::plan(
      {.now = w.now, .seed = seed++, .set = s, .pods = w.views<views::pod>(of::pods, ns)}));
}

/// The kubelet's part: what terminates goes, what was made becomes ready, `chance` in 4 each.
void run_pods(world& w, random_source& random, std::uint64_t chance = 4) {
  for (const auto& p : w.views<views::pod>(of::pods, ns)) {
    if (!random.chance(chance, 4))
      continue;
    if (p.meta.deleted) {
      w.erase(of::pods, ns, p.meta.name);
      continue;
    }
    w.change(of::pods, ns, p.meta.name, [&](json& t) {
      t["spec"]["nodeName"] = "n1";
      t["status"]["phase"] = "Running";
      t["status"]["conditions"] = {
        {{"type", "Ready"}, {"status", "True"}, {"lastTransitionTime", api::format_time(w.now)}}};
    });
  }
}

/// Everybody acts until the deployment is complete; answers the rounds, 0 if it never is.
int roll_out(world& w, random_source& random, std::uint64_t chance = 4) {
  for (int i = 1; i <= 200; ++i) {
    w.perform(plan(look(w)));
    run_sets(w, random());
    run_pods(w, random, chance);
    w.now += 1s;
    auto status = w.tree(of::deployments, ns, "web").value("status", json::object());
    auto want = w.tree(of::deployments, ns, "web")["spec"]["replicas"];
    if (status.value("updatedReplicas", 0) == want && status.value("replicas", 0) == want
        && status.value("availableReplicas", 0) == want
        && status.value("observedGeneration", 0)
             == w.tree(of::deployments, ns, "web")["metadata"]["generation"]) {
      tests::settle(w, [&] { return plan(look(w)); });
      return i;
    }
  }
  return 0;
}

std::size_t active_pods(const world& w) {
  auto pods = w.views<views::pod>(of::pods, ns);
  return static_cast<std::size_t>(
    std::count_if(pods.begin(), pods.end(), [](const auto& p) { return p.active(); }));
}

std::string progress(const world& w) {
  auto conditions = w.tree(of::deployments, ns, "web")["status"]["conditions"];
  for (const auto& c : conditions)
    if (c["type"] == "Progressing")
      return c["reason"];
  return "";
}

std::string annotation(const json& tree, const std::string& name) {
  auto at = tree["metadata"].value("annotations", json::object());
  return at.value("deployment.kubernetes.io/" + name, "");
}

TEST_CASE("deployment: makes a ReplicaSet named by its template's hash") {
  world w;
  w.put(of::deployments, web(3, "a"));
  auto orders = plan(look(w));
  const auto& made = std::get<control::create>(orders.at(0));
  auto body = json::parse(made.body);
  auto hash = body["metadata"]["labels"]["pod-template-hash"].get<std::string>();
  CHECK(made.name == "web-" + hash);
  CHECK(body["spec"]["replicas"] == 3);
  CHECK(body["spec"]["selector"]["matchLabels"]["pod-template-hash"] == hash);
  CHECK(body["spec"]["template"]["metadata"]["labels"]["pod-template-hash"] == hash);
  CHECK(body["spec"]["template"]["metadata"]["labels"]["app"] == "web");
  CHECK(annotation(body, "revision") == "1");
  CHECK(annotation(body, "desired-replicas") == "3");
  CHECK(annotation(body, "max-replicas") == "4");
  CHECK(plan(look(w)) == orders);
}

TEST_CASE("deployment: templates are the same whatever their hash label, nulls and order") {
  const auto* plain = R"({"metadata":{"labels":{"a":"b"}},"spec":{"x":1,"y":2}})";
  CHECK(canonical(plain) == canonical(R"({"spec":{"y":2,"x":1},"metadata":{"creationTimestamp":null,
             "labels":{"pod-template-hash":"z","a":"b"}}})"));
  CHECK(canonical(plain) != canonical(R"({"metadata":{"labels":{"a":"b"}},"spec":{"x":1,"y":3}})"));
  CHECK(hash_of("t", 0) != hash_of("t", 1));
}

TEST_CASE("deployment: rolls out, and says so in Kubernetes' words") {
  world w;
  random_source random{1};
  w.put(of::deployments, web(3, "a"));
  REQUIRE(roll_out(w, random) > 0);
  CHECK(progress(w) == "NewReplicaSetAvailable");
  auto d = w.tree(of::deployments, ns, "web");
  CHECK(annotation(d, "revision") == "1");
  CHECK(d["status"]["readyReplicas"] == 3);
  CHECK(d["status"].count("unavailableReplicas") == 0);
  auto available = d["status"]["conditions"];
  CHECK(std::any_of(available.begin(), available.end(), [](const auto& c) {
    return c["reason"] == "MinimumReplicasAvailable" && c["status"] == "True";
  }));

  w.put(of::deployments, web(3, "b"));
  w.perform(plan(look(w)));
  CHECK(progress(w) == "NewReplicaSetCreated");
  REQUIRE(roll_out(w, random) > 0);
  CHECK(annotation(w.tree(of::deployments, ns, "web"), "revision") == "2");
  CHECK(w.list(of::replica_sets).size() == 2);
  CHECK(active_pods(w) == 3);
}

TEST_CASE("deployment: undo brings the old ReplicaSet back under a new revision") {
  world w;
  random_source random{2};
  w.put(of::deployments, web(2, "a"));
  REQUIRE(roll_out(w, random) > 0);
  w.put(of::deployments, web(2, "b"));
  REQUIRE(roll_out(w, random) > 0);
  auto d = web(2, "a"); // kubectl rollout undo patches the template back
  d["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "2";
  w.put(of::deployments, d);
  REQUIRE(roll_out(w, random) > 0);
  CHECK(w.list(of::replica_sets).size() == 2);
  CHECK(annotation(w.tree(of::deployments, ns, "web"), "revision") == "3");
  int found = 0;
  for (const auto& s : w.list(of::replica_sets)) {
    auto tree = w.tree(of::replica_sets, ns, s.meta.name);
    if (tree["spec"]["template"]["spec"]["containers"][0]["image"] != "a")
      continue;
    ++found;
    CHECK(annotation(tree, "revision") == "3");
    CHECK(annotation(tree, "revision-history") == "1");
    CHECK(tree["spec"]["replicas"] == 2);
  }
  CHECK(found == 1);
}

TEST_CASE("deployment: keeps as much history as asked for") {
  world w;
  random_source random{3};
  for (const auto* image : {"a", "b", "c", "d", "e"}) {
    auto d = web(1, image);
    d["spec"]["revisionHistoryLimit"] = 2;
    w.put(of::deployments, d);
    REQUIRE(roll_out(w, random) > 0);
  }
  std::vector<std::string> left;
  for (const auto& s : w.list(of::replica_sets))
    left.push_back(s.meta.annotations.at("deployment.kubernetes.io/revision"));
  std::sort(left.begin(), left.end());
  CHECK(left == std::vector<std::string>{"3", "4", "5"});
}

TEST_CASE("deployment: Recreate lets every old pod go before the first new one") {
  world w;
  random_source random{4};
  auto d = web(3, "a");
  d["spec"]["strategy"] = {{"type", "Recreate"}};
  w.put(of::deployments, d);
  REQUIRE(roll_out(w, random) > 0);
  d["spec"]["template"]["spec"]["containers"][0]["image"] = "b";
  w.put(of::deployments, d);
  w.check = [&] { // terminating pods count too: they still run
    std::map<std::string, int> images;
    for (const auto& p : w.list(of::pods))
      ++images[w.tree(of::pods, ns, p.meta.name)["spec"]["containers"][0]["image"]];
    CHECK(images.size() <= 1);
  };
  CHECK(roll_out(w, random, 2) > 0);
  CHECK(active_pods(w) == 3);
}

TEST_CASE("deployment: paused, it scales but does not roll; resumed, it rolls") {
  world w;
  random_source random{5};
  w.put(of::deployments, web(2, "a"));
  REQUIRE(roll_out(w, random) > 0);
  auto d = web(4, "b");
  d["spec"]["paused"] = true;
  w.put(of::deployments, d);
  tests::settle(w, [&] {
    run_sets(w, random());
    return plan(look(w));
  });
  CHECK(progress(w) == "DeploymentPaused");
  REQUIRE(w.list(of::replica_sets).size() == 1);
  CHECK(w.tree(of::replica_sets, ns, w.list(of::replica_sets)[0].meta.name)["spec"]["replicas"]
        == 4);
  d["spec"]["paused"] = false;
  w.put(of::deployments, d);
  w.perform(plan(look(w)));
  REQUIRE(roll_out(w, random) > 0);
  CHECK(w.list(of::replica_sets).size() == 2);
  CHECK(progress(w) == "NewReplicaSetAvailable");
}

TEST_CASE("deployment: a rollout without progress exceeds its deadline, and looks again for that") {
  world w;
  random_source random{6};
  auto d = web(1, "a");
  d["spec"]["progressDeadlineSeconds"] = 30;
  w.put(of::deployments, d);
  for (int i = 0; i < 5; ++i) { // pods never become ready
    run_sets(w, random());
    w.perform(plan(look(w)));
  }
  CHECK(w.woken == 31s);
  w.now += 31s;
  w.perform(plan(look(w)));
  CHECK(progress(w) == "ProgressDeadlineExceeded");
  CHECK_FALSE(w.woken);
  REQUIRE(roll_out(w, random) > 0); // it may still succeed
  CHECK(progress(w) == "NewReplicaSetAvailable");
}

TEST_CASE("deployment: another template under the same name makes a new name") {
  world w;
  w.put(of::deployments, web(1, "a"));
  auto taken = std::get<control::create>(plan(look(w)).at(0)).name;
  w.put(of::replica_sets,
        {{"metadata", {{"name", taken}, {"namespace", ns}}},
         {"spec", {{"selector", {{"matchLabels", {{"x", "y"}}}}}, {"template", json::object()}}}});
  w.perform(plan(look(w)));
  CHECK(w.tree(of::deployments, ns, "web")["status"]["collisionCount"] == 1);
  auto orders = plan(look(w));
  CHECK(std::get<control::create>(orders.at(0)).name != taken);
}

TEST_CASE("deployment: a changed size is shared out while two templates run") {
  struct row {
    std::int64_t old_size, fresh_size, max_before, replicas, old_after, fresh_after;
  };
  // Kubernetes' documentation: 10 replicas, surge 3, 8 old and 5 new; scaled to 15: 3 more for the
  // larger, 2 for the smaller.
  const row rows[] = {{8, 5, 13, 15, 11, 7}, {8, 5, 13, 10, 8, 5}, {5, 5, 10, 4, 3, 4}};
  for (const auto& r : rows) {
    CAPTURE(r.replicas);
    views::deployment d;
    d.replicas = r.replicas;
    d.max_surge = {3, false};
    views::replica_set old;
    views::replica_set fresh;
    old.replicas = r.old_size;
    fresh.replicas = r.fresh_size;
    for (auto* s : {&old, &fresh})
      s->meta.annotations = {
        {"deployment.kubernetes.io/max-replicas", std::to_string(r.max_before)}};
    fresh.meta.created = instant{} + 1h;
    old.meta.created = instant{};
    family f{.deployment = &d,
             .old = {{.set = &old, .size = old.replicas}},
             .fresh = member{.set = &fresh, .size = fresh.replicas}};
    rescale(f);
    CHECK(f.old[0].size == r.old_after);
    CHECK(f.fresh->size == r.fresh_after);
  }
}

TEST_CASE("deployment: percentages round as in Kubernetes: surge up, unavailable down") {
  struct row {
    std::int64_t replicas;
    views::share surge, unavailable;
    std::int64_t surge_after, unavailable_after;
  };
  const row rows[] = {
    {10, {25, true}, {25, true}, 3, 2}, {1, {25, true}, {25, true}, 1, 0},
    {3, {0, false}, {10, true}, 0, 1},  {4, {2, false}, {9, false}, 2, 4},
    {0, {25, true}, {25, true}, 0, 0},
  };
  for (const auto& r : rows) {
    views::deployment d;
    d.replicas = r.replicas;
    d.max_surge = r.surge;
    d.max_unavailable = r.unavailable;
    CHECK(max_surge(d) == r.surge_after);
    CHECK(max_unavailable(d) == r.unavailable_after);
  }
}

TEST_CASE("deployment: property: never more pods than replicas plus surge, never too few ready") {
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    CAPTURE(seed);
    random_source random{seed};
    world w;
    auto replicas = static_cast<std::int64_t>(random.between(1, 8));
    auto surge = random.below(4);
    auto unavailable = surge == 0 ? random.between(1, 3) : random.below(3);
    auto make = [&](int image) {
      auto d = web(replicas, std::to_string(image));
      d["spec"]["strategy"]["rollingUpdate"] = {{"maxSurge", surge},
                                                {"maxUnavailable", unavailable}};
      return d;
    };
    auto most = static_cast<std::size_t>(replicas) + surge;
    w.check = [&] { REQUIRE(active_pods(w) <= most); };
    w.put(of::deployments, make(0));
    REQUIRE(roll_out(w, random) > 0);
    for (int image = 1; image <= 4; ++image) {
      w.put(of::deployments, make(image));
      // Half of the time the next template comes in the middle of the rollout of this one.
      auto rounds = random.chance(1, 2) ? random.below(6) : 60;
      auto floor = std::max<std::int64_t>(0, replicas - static_cast<std::int64_t>(unavailable));
      auto check = [&] {
        auto pods = w.views<views::pod>(of::pods, ns);
        auto ready = std::count_if(pods.begin(), pods.end(),
                                   [](const auto& p) { return p.active() && p.ready(); });
        CHECK(ready >= floor);
      };
      for (std::uint64_t i = 0; i < rounds; ++i) {
        w.perform(plan(look(w)));
        check();
        run_sets(w, random());
        check();
        run_pods(w, random, 2);
        w.now += 1s;
      }
    }
    REQUIRE(roll_out(w, random) > 0);
    CHECK(active_pods(w) == static_cast<std::size_t>(replicas));
    CHECK(tests::settle(w, [&] { return plan(look(w)); }) == 0);
  }
}

} // namespace
} // namespace troupe::deployment
