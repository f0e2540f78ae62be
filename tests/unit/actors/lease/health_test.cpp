#include "actors/lease/health.hpp"
#include "tests/support/world.hpp"

#include <doctest/doctest.h>

#include <set>

namespace troupe::lease {
namespace {

namespace of = control::of;
using nlohmann::json;
using tests::world;

world cluster() {
  world w;
  w.put(of::nodes, {{"metadata", {{"name", "n"}}},
                    {"spec", {{"taints", {{{"key", "mine"}, {"effect", "NoSchedule"}}}}}},
                    {"status",
                     {{"conditions",
                       {{{"type", "Ready"}, {"status", "True"}},
                        {{"type", "MemoryPressure"}, {"status", "False"}}}}}}});
  w.put(of::pods,
        {{"metadata", {{"name", "p"}, {"namespace", "default"}}},
         {"spec", {{"nodeName", "n"}}},
         {"status",
          {{"phase", "Running"}, {"conditions", {{{"type", "Ready"}, {"status", "True"}}}}}}});
  return w;
}

node_observed look(const world& w, duration silent_for, bool may_evict = true) {
  return {.now = w.now,
          .node = views::node::from(w.get(of::nodes, "", "n")).value(),
          .last_heard = w.now - silent_for,
          .pods = w.views<views::pod>(of::pods),
          .may_evict = may_evict};
}

std::map<std::string, std::string> conditions(const world& w) {
  std::map<std::string, std::string> out;
  for (const auto& c : w.tree(of::nodes, "", "n")["status"]["conditions"])
    out[c["type"]] = c["status"];
  return out;
}

std::set<std::string> taints(const world& w) {
  std::set<std::string> out;
  for (const auto& t : w.tree(of::nodes, "", "n")["spec"]["taints"])
    out.insert(t["key"].get<std::string>() + ":" + t["effect"].get<std::string>());
  return out;
}

TEST_CASE("node health: a node that speaks is left alone, up to the whole grace period") {
  auto w = cluster();
  CHECK(plan_node(look(w, 0s)).empty());
  CHECK(plan_node(look(w, 40s)).empty());
}

TEST_CASE("node health: a silent node is Unknown, tainted, and its pods are not ready") {
  auto w = cluster();
  CHECK(tests::settle(w, [&] { return plan_node(look(w, 41s)); }) <= 3);
  CHECK(conditions(w)["Ready"] == "Unknown");
  CHECK(conditions(w)["MemoryPressure"] == "Unknown");
  CHECK(taints(w)
        == std::set<std::string>{"mine:NoSchedule", "node.kubernetes.io/unreachable:NoSchedule",
                                 "node.kubernetes.io/unreachable:NoExecute"});
  for (const auto& t : w.tree(of::nodes, "", "n")["spec"]["taints"])
    if (t["effect"] == "NoExecute")
      CHECK(t["timeAdded"] == api::format_time(w.now));
  CHECK_FALSE(w.views<views::pod>(of::pods)[0].ready());
}

TEST_CASE("node health: tells once that a node is not ready any more") {
  auto w = cluster();
  for (int i = 0; i < 4; ++i)
    w.perform(plan_node(look(w, 41s)));
  REQUIRE(w.events.size() == 1);
  CHECK(w.events[0].reason == "NodeNotReady");
  CHECK(w.events[0].message == "Node n status is now: NodeNotReady");
}

TEST_CASE("node health: a node that comes back loses our taints, not those of others") {
  auto w = cluster();
  tests::settle(w, [&] { return plan_node(look(w, 41s)); });
  w.change(of::nodes, "", "n", [](json& t) {
    for (auto& c : t["status"]["conditions"])
      c["status"] = c["type"] == "Ready" ? "True" : "False";
  });
  CHECK(tests::settle(w, [&] { return plan_node(look(w, 1s)); }) == 1);
  CHECK(taints(w) == std::set<std::string>{"mine:NoSchedule"});
}

TEST_CASE("node health: conditions and cordons show as taints") {
  struct row {
    const char* type;
    const char* status;
    std::set<std::string> taints;
  };
  const row rows[] = {
    {"Ready",
     "False",
     {"node.kubernetes.io/not-ready:NoSchedule", "node.kubernetes.io/not-ready:NoExecute"}},
    {"MemoryPressure", "True", {"node.kubernetes.io/memory-pressure:NoSchedule"}},
    {"DiskPressure", "True", {"node.kubernetes.io/disk-pressure:NoSchedule"}},
    {"PIDPressure", "True", {"node.kubernetes.io/pid-pressure:NoSchedule"}},
    {"NetworkUnavailable", "True", {"node.kubernetes.io/network-unavailable:NoSchedule"}},
  };
  for (const auto& r : rows) {
    CAPTURE(r.type);
    auto w = cluster();
    w.change(of::nodes, "", "n", [&](json& t) {
      auto& all = t["status"]["conditions"];
      for (auto& c : all)
        if (c["type"] == r.type) {
          c["status"] = r.status;
          return;
        }
      all.push_back({{"type", r.type}, {"status", r.status}});
    });
    tests::settle(w, [&] { return plan_node(look(w, 0s)); });
    auto want = r.taints;
    want.insert("mine:NoSchedule");
    CHECK(taints(w) == want);
  }
  auto w = cluster();
  w.change(of::nodes, "", "n", [](json& t) { t["spec"]["unschedulable"] = true; });
  tests::settle(w, [&] { return plan_node(look(w, 0s)); });
  CHECK(taints(w).contains("node.kubernetes.io/unschedulable:NoSchedule"));
}

TEST_CASE("node health: when evictions stop, a lost node gets no new NoExecute taint") {
  auto w = cluster();
  tests::settle(w, [&] { return plan_node(look(w, 41s, false)); });
  CHECK(taints(w).contains("node.kubernetes.io/unreachable:NoSchedule"));
  CHECK_FALSE(taints(w).contains("node.kubernetes.io/unreachable:NoExecute"));
}

TEST_CASE("node health: a node that never spoke has longer") {
  auto w = cluster();
  w.change(of::nodes, "", "n", [](json& t) { t.erase("status"); });
  CHECK(plan_node(look(w, 60s)).empty());
  tests::settle(w, [&] { return plan_node(look(w, 61s)); });
  CHECK(w.tree(of::nodes, "", "n")["status"]["conditions"][0]["reason"]
        == "NodeStatusNeverUpdated");
}

TEST_CASE("heartbeats: only a value that changes counts, whatever clock wrote it") {
  heartbeats h;
  auto at = [](int s) { return instant{} + 1h + std::chrono::seconds{s}; };
  h.lease("n", instant{} + 5h, at(0)); // a clock far ahead
  CHECK(h.last("n", at(9)) == at(0));
  h.lease("n", instant{} + 5h, at(10)); // the informer says it again
  CHECK(h.last("n", at(10)) == at(0));
  h.lease("n", instant{} + 4h, at(20)); // set back, but alive
  CHECK(h.last("n", at(20)) == at(20));
  h.status("n", instant{}, at(30));
  CHECK(h.last("n", at(30)) == at(30));
  CHECK(h.last("unheard", at(40)) == at(40));
  CHECK(h.last("unheard", at(50)) == at(40));
  h.drop("n");
  CHECK(h.last("n", at(60)) == at(60));
}

TEST_CASE("zones: partial from 55 percent and three nodes on, full when none is ready") {
  CHECK(state_of_zone(10, 0) == zone_state::normal);
  CHECK(state_of_zone(0, 0) == zone_state::normal);
  CHECK(state_of_zone(1, 2) == zone_state::normal);
  CHECK(state_of_zone(2, 3) == zone_state::partial);
  CHECK(state_of_zone(5, 6) == zone_state::normal);
  CHECK(state_of_zone(0, 1) == zone_state::full);
}

TEST_CASE("eviction rate: one node in ten seconds, fewer or none when much is lost") {
  auto at = [](int s) { return instant{} + 1h + std::chrono::seconds{s}; };
  eviction_rate r;
  r.set(zone_state::normal, 10, false);
  CHECK(r.take(at(0)));
  CHECK_FALSE(r.take(at(5)));
  CHECK(r.take(at(10)));
  r.set(zone_state::partial, 10, false);
  CHECK_FALSE(r.take(at(1000)));
  r.set(zone_state::partial, 51, false);
  CHECK_FALSE(r.take(at(1050)));
  CHECK(r.take(at(1101)));
  r.set(zone_state::full, 10, true);
  CHECK_FALSE(r.take(at(5000)));
}

} // namespace
} // namespace troupe::lease
