#include "actors/controllers/replica_set/plan.hpp"
#include "config/base/random.hpp"
#include "tests/support/world.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace troupe::replica_set {
namespace {

namespace of = control::of;
using nlohmann::json;
using tests::world;

const std::string ns = "default";

const char* three_webs = R"({"metadata":{"name":"web","namespace":"default"},
  "spec":{"replicas":3,"selector":{"matchLabels":{"app":"web"}},
    "template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c"}]}}}})";

observed look(const world& w, std::optional<failure> trouble = {}, std::uint64_t seed = 7) {
  return {.now = w.now,
          .seed = seed,
          .set = views::replica_set::from(w.get(of::replica_sets, ns, "web")).value(),
          .pods = w.views<views::pod>(of::pods, ns),
          .trouble = std::move(trouble)};
}

template <class T> std::vector<T> all(const control::actions& plan) {
  std::vector<T> out;
  for (const auto& a : plan)
    if (const auto* t = std::get_if<T>(&a))
      out.push_back(*t);
  return out;
}

void make_ready(world& w, const std::string& name, instant since) {
  w.change(of::pods, ns, name, [&](json& t) {
    t["spec"]["nodeName"] = "n1";
    t["status"]["phase"] = "Running";
    t["status"]["conditions"] = {
      {{"type", "Ready"}, {"status", "True"}, {"lastTransitionTime", api::format_time(since)}}};
  });
}

views::pod pod(std::string name, std::string node = "n", std::string phase = "Running",
               std::optional<instant> ready = instant{} + 1h) {
  views::pod p;
  p.meta.name = std::move(name);
  p.node = std::move(node);
  p.phase = std::move(phase);
  if (ready)
    p.conditions.push_back({.type = "Ready", .status = "True", .transitioned = ready});
  return p;
}

TEST_CASE("replica set: makes the missing pods from the template and owns them") {
  world w;
  w.put(of::replica_sets, three_webs);
  auto plan = replica_set::plan(look(w));
  auto made = all<control::create>(plan);
  REQUIRE(made.size() == 3);
  auto body = json::parse(made[0].body);
  CHECK(body["metadata"]["generateName"] == "web-");
  CHECK(body["metadata"]["name"] == made[0].name);
  CHECK(body["metadata"]["labels"]["app"] == "web");
  CHECK(body["metadata"]["ownerReferences"][0]["kind"] == "ReplicaSet");
  CHECK(body["metadata"]["ownerReferences"][0]["controller"] == true);
  CHECK(body["spec"]["containers"][0]["name"] == "c");
  CHECK(made[0].name != made[1].name);
  CHECK(plan == replica_set::plan(look(w))); // the same state, the same plan
}

TEST_CASE("replica set: comes to rest, and reports what it sees") {
  world w;
  w.put(of::replica_sets, three_webs);
  CHECK(tests::settle(w, [&] { return plan(look(w)); }) == 2);
  CHECK(w.list(of::pods).size() == 3);
  CHECK(w.tree(of::replica_sets, ns, "web")["status"]["replicas"] == 3);
  for (const auto& p : w.list(of::pods))
    make_ready(w, p.meta.name, w.now);
  CHECK(tests::settle(w, [&] { return plan(look(w)); }) == 1);
  auto status = w.tree(of::replica_sets, ns, "web")["status"];
  CHECK(status["readyReplicas"] == 3);
  CHECK(status["availableReplicas"] == 3);
  CHECK(status["fullyLabeledReplicas"] == 3);
  CHECK(status["observedGeneration"] == 1);
}

TEST_CASE("replica set: a pod that ended or is being deleted is replaced and not counted") {
  world w;
  w.put(of::replica_sets, three_webs);
  tests::settle(w, [&] { return plan(look(w)); });
  auto pods = w.list(of::pods);
  make_ready(w, pods[0].meta.name, w.now);
  w.perform({control::remove{.at = control::at(of::pods, pods[0].meta)}}); // terminates gracefully
  w.change(of::pods, ns, pods[1].meta.name, [](json& t) { t["status"]["phase"] = "Failed"; });
  auto made = all<control::create>(plan(look(w)));
  CHECK(made.size() == 2);
}

TEST_CASE("replica set: gives up pods in Kubernetes' order") {
  auto now = instant{} + std::chrono::hours{100};
  struct row {
    const char* what;
    views::pod first;
    views::pod kept;
  };
  auto cheap = pod("a");
  cheap.meta.annotations["controller.kubernetes.io/pod-deletion-cost"] = "-5";
  auto restarted = pod("a");
  restarted.restarts = 4;
  auto young = pod("a");
  young.meta.created = now;
  auto old = pod("b");
  old.meta.created = now - std::chrono::hours{1};
  const row rows[] = {
    {"unassigned before assigned", pod("a", ""), pod("b", "n", "Pending", {})},
    {"pending before unknown", pod("a", "n", "Pending", {}), pod("b", "n", "Unknown", {})},
    {"unknown before running", pod("a", "n", "Unknown", {}), pod("b", "n", "Running", {})},
    {"not ready before ready", pod("a", "n", "Running", {}), pod("b")},
    {"cheaper before dearer", cheap, pod("b")},
    {"recently ready before long ready", pod("a", "n", "Running", now), pod("b")},
    {"more restarts before fewer", restarted, pod("b")},
    {"younger before older", young, old},
  };
  for (const auto& r : rows) {
    CAPTURE(r.what);
    CHECK(by_worth({&r.first, &r.kept}).front() == &r.first);
    CHECK(by_worth({&r.kept, &r.first}).front() == &r.first);
  }
  auto one = pod("a", "lonely");
  auto two = pod("b", "full");
  auto three = pod("c", "full");
  CHECK(by_worth({&one, &two, &three}).back() == &one); // crowded nodes are thinned out first
}

TEST_CASE("replica set: adopts orphans that it selects, releases what it selects no longer") {
  world w;
  w.put(of::replica_sets, three_webs);
  w.put(of::pods, R"({"metadata":{"name":"orphan","namespace":"default","labels":{"app":"web"}}})");
  w.put(of::pods, R"({"metadata":{"name":"alien","namespace":"default","labels":{"app":"web"},
    "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"x","uid":"other","controller":true}]}})");
  tests::settle(w, [&] { return plan(look(w)); });
  CHECK(w.list(of::pods).size() == 4); // orphan and two new ones; the alien is left alone
  auto uid = w.tree(of::replica_sets, ns, "web")["metadata"]["uid"];
  CHECK(w.tree(of::pods, ns, "orphan")["metadata"]["ownerReferences"][0]["uid"] == uid);
  CHECK(w.tree(of::pods, ns, "alien")["metadata"]["ownerReferences"][0]["uid"] == "other");

  w.change(of::pods, ns, "orphan", [](json& t) { t["metadata"]["labels"]["app"] = "debug"; });
  tests::settle(w, [&] { return plan(look(w, {}, 8)); });
  CHECK(w.tree(of::pods, ns, "orphan")["metadata"]["ownerReferences"].empty());
  CHECK(w.list(of::pods).size() == 5);
}

TEST_CASE("replica set: that is being deleted neither adopts nor creates") {
  world w;
  auto tree = json::parse(three_webs);
  tree["metadata"]["deletionTimestamp"] = api::format_time(w.now);
  w.put(of::replica_sets, tree);
  w.put(of::pods, R"({"metadata":{"name":"orphan","namespace":"default","labels":{"app":"web"}}})");
  auto orders = plan(look(w));
  CHECK(all<control::create>(orders).empty());
  CHECK(w.tree(of::pods, ns, "orphan")["metadata"].count("ownerReferences") == 0);
}

TEST_CASE("replica set: says in its status that pods cannot be made, and takes it back") {
  world w;
  w.put(of::replica_sets, three_webs);
  failure quota{.reason = reason::forbidden, .message = "exceeded quota: pods"};
  w.refuse = [&](const control::action& a) {
    return std::holds_alternative<control::create>(a) ? std::optional{quota} : std::nullopt;
  };
  auto failed = w.perform(plan(look(w)));
  REQUIRE(failed);
  auto orders = plan(look(w, failed));
  w.perform(orders);
  auto condition = w.tree(of::replica_sets, ns, "web")["status"]["conditions"][0];
  CHECK(condition["type"] == "ReplicaFailure");
  CHECK(condition["reason"] == "FailedCreate");
  CHECK(condition["message"] == "exceeded quota: pods");
  CHECK(all<control::emit>(orders)[0].reason == "FailedCreate");
  w.refuse = nullptr;
  tests::settle(w, [&] { return plan(look(w)); });
  CHECK(w.tree(of::replica_sets, ns, "web")["status"].count("conditions") == 0);
}

TEST_CASE("replica set: looks again when the next pod becomes available") {
  world w;
  auto tree = json::parse(three_webs);
  tree["spec"]["replicas"] = 1;
  tree["spec"]["minReadySeconds"] = 10;
  w.put(of::replica_sets, tree);
  tests::settle(w, [&] { return plan(look(w)); });
  make_ready(w, w.list(of::pods)[0].meta.name, w.now - 4s);
  w.perform(plan(look(w)));
  CHECK(w.woken == 6s);
  CHECK(w.tree(of::replica_sets, ns, "web")["status"].count("availableReplicas") == 0);
  w.now += 6s;
  w.perform(plan(look(w)));
  CHECK(w.tree(of::replica_sets, ns, "web")["status"]["availableReplicas"] == 1);
  CHECK_FALSE(w.woken);
}

TEST_CASE("replica set: property: any sizes, any accidents, it settles on the size asked for") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    random_source random{seed};
    world w;
    w.put(of::replica_sets, three_webs);
    for (int step = 0; step < 12; ++step) {
      auto size = random.below(9);
      w.change(of::replica_sets, ns, "web", [&](json& t) { t["spec"]["replicas"] = size; });
      auto pods = w.list(of::pods);
      if (!pods.empty() && random.chance(1, 2))
        w.erase(of::pods, ns, pods[random.below(pods.size())].meta.name);
      auto seeded = [&] {
        auto o = look(w);
        o.seed = random();
        return plan(o);
      };
      REQUIRE(tests::settle(w, seeded, 5) <= 5);
      CHECK(w.list(of::pods).size() == size);
      CHECK(w.tree(of::replica_sets, ns, "web")["status"]["replicas"] == size);
    }
  }
}

} // namespace
} // namespace troupe::replica_set
