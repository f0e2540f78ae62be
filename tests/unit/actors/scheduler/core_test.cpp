#include "tests/unit/actors/scheduler/fixtures.hpp"

#include <doctest/doctest.h>

namespace troupe::scheduler {
namespace {

TEST_CASE("scheduler: says why a pod fits nowhere in Kubernetes' words") {
  core c{{.seed = 1}};
  CHECK(c.decide(1, t0).empty());
  c.put_pod(pod("p"), t0);
  CHECK(c.decide(1, t0)[0].message == "no nodes available to schedule pods");
  for (int i = 0; i < 5; ++i) {
    auto n = node("n" + std::to_string(i), i < 2 ? 50 : 4000);
    if (i >= 2)
      n.taints = {{"key", "value", "NoSchedule", {}}};
    c.put_node(n, t0);
  }
  auto decided = c.decide(1, t0 + 10s);
  REQUIRE(decided.size() == 1);
  CHECK(decided[0].message
        == "0/5 nodes are available: 2 Insufficient cpu, 3 node(s) had untolerated taint {key: "
           "value}. preemption: 0/5 nodes are available: 2 No preemption victims found for "
           "incoming pod, 3 Preemption is not helpful for scheduling.");
  auto table = c.why("uid-p");
  REQUIRE(table.size() == 5);
  CHECK(table[0] == std::pair{std::string{"n0"}, std::vector<std::string>{"Insufficient cpu"}});
}

TEST_CASE("scheduler: an assumed pod holds its place at once, and gives it back when not bound") {
  core c{{.seed = 1}};
  c.put_node(node("n", 100), t0);
  c.put_pod(pod("a"), t0);
  auto b = pod("b");
  b.meta.created = t0 + 1s;
  c.put_pod(b, t0);
  auto decided = c.decide(10, t0);
  CHECK(decided[0].pod.name == "a");
  CHECK(decided[0].node == "n");
  CHECK(decided[1].node == "");
  c.bind_failed("uid-a", t0 + 500ms);
  decided = c.decide(10, t0 + 2s);
  CHECK(decided[0].node == "n");
  CHECK(decided[1].node == "");
}

TEST_CASE("scheduler: the informer's news of a binding changes nothing that was assumed") {
  core c{{.seed = 1}};
  c.put_node(node("n", 100), t0);
  c.put_pod(pod("a"), t0);
  c.decide(1, t0);
  auto version = c.seen().changes();
  auto bound = pod("a");
  bound.node = "n";
  c.put_pod(bound, t0);
  CHECK(c.seen().changes() == version);
  CHECK(c.seen().columns().cpu_used[0] == 100);
  c.bind_failed("uid-a", t0); // too late: it is bound
  CHECK(c.seen().columns().cpu_used[0] == 100);
}

TEST_CASE("scheduler: a refused pod is tried again when what it lacks may have come") {
  core c{{.seed = 1}};
  c.put_node(node("n", 100), t0);
  auto a = pod("a");
  a.node = "n";
  c.put_pod(a, t0);
  c.put_pod(pod("b"), t0);
  CHECK(c.decide(1, t0)[0].node == "");
  c.put_pod(pod("b"), t0 + 20s); // a change of its status only
  CHECK(c.decide(1, t0 + 20s).empty());
  c.put_node(node("n", 100), t0 + 20s); // a heartbeat
  CHECK(c.decide(1, t0 + 20s).empty());
  a.ended = true;
  c.put_pod(a, t0 + 20s);
  CHECK(c.decide(1, t0 + 20s)[0].node == "n");
}

TEST_CASE("scheduler: a new node takes what waited") {
  core c{{.seed = 1}};
  c.put_node(node("small", 100), t0);
  for (int i = 0; i < 3; ++i)
    c.put_pod(pod("p" + std::to_string(i)), t0);
  CHECK(c.decide(10, t0).size() == 3);
  c.put_node(node("big", 1000), t0 + 5s);
  auto decided = c.decide(10, t0 + 5s);
  REQUIRE(decided.size() == 2);
  CHECK(decided[0].node == "big");
  CHECK(decided[1].node == "big");
}

TEST_CASE("scheduler: a node that went takes no pod, and may come back with its pods") {
  core c{{.seed = 1}};
  c.put_node(node("n", 150), t0);
  auto a = pod("a");
  a.node = "n";
  c.put_pod(a, t0);
  c.drop_node("n");
  c.put_pod(pod("b", 100), t0);
  CHECK(c.decide(1, t0)[0].message == "no nodes available to schedule pods");
  c.put_node(node("n", 150), t0 + 5s);
  CHECK(c.decide(1, t0 + 5s)[0].message.find("1 Insufficient cpu") != std::string::npos);
}

TEST_CASE("scheduler: leaves pods of other schedulers and gated ones alone") {
  core c{{.seed = 1}};
  c.put_node(node("n"), t0);
  auto other = pod("other");
  other.scheduler = "mine";
  c.put_pod(other, t0);
  auto gated = pod("gated");
  gated.gated = true;
  c.put_pod(gated, t0);
  CHECK(c.decide(10, t0).empty());
  gated.gated = false;
  c.put_pod(gated, t0);
  CHECK(c.decide(10, t0)[0].node == "n");
}

TEST_CASE("scheduler: evicts what matters least for a more important pod") {
  core c{{.seed = 1}};
  for (auto name : {"n1", "n2"})
    c.put_node(node(name, 100), t0);
  auto low = pod("low");
  low.node = "n1";
  low.priority = 1;
  auto lower = pod("lower");
  lower.node = "n2";
  lower.priority = 0;
  c.put_pod(low, t0);
  c.put_pod(lower, t0);
  auto vip = pod("vip");
  vip.priority = 1000;
  c.put_pod(vip, t0);
  auto decided = c.decide(1, t0);
  CHECK(decided[0].node == "");
  CHECK(decided[0].nominated == "n2");
  REQUIRE(decided[0].victims.size() == 1);
  CHECK(decided[0].victims[0].name == "lower");
  // The room is kept for it: another pod does not slip in when the victim has gone.
  auto thief = pod("thief");
  c.put_pod(thief, t0);
  c.drop_pod("uid-lower", t0 + 5s);
  auto next = c.decide(10, t0 + 5s);
  CHECK(next[0].pod.name == "vip");
  CHECK(next[0].node == "n2");
  CHECK(next[1].pod.name == "thief");
  CHECK(next[1].node == "");
}

TEST_CASE("scheduler: never evicts for a pod that does not preempt, nor its equals") {
  core c{{.seed = 1}};
  c.put_node(node("n", 100), t0);
  auto there = pod("there");
  there.node = "n";
  c.put_pod(there, t0);
  auto meek = pod("meek");
  meek.priority = 10;
  meek.preempts = false;
  c.put_pod(meek, t0);
  c.put_pod(pod("equal"), t0);
  auto decided = c.decide(10, t0);
  CHECK(decided[0].message.find("preemption: not eligible due to preemptionPolicy=Never.")
        != std::string::npos);
  CHECK(decided[0].victims.empty());
  CHECK(decided[1].victims.empty());
}

TEST_CASE("scheduler: a pod that names its node goes there or nowhere") {
  core c{{.seed = 1}};
  for (int i = 0; i < 3; ++i)
    c.put_node(node("n" + std::to_string(i), 1000), t0);
  auto p = pod("ds");
  p.has_node_terms = true;
  p.node_terms = {{.labels = {}, .fields = {in("metadata.name", {"n1"})}}};
  c.put_pod(p, t0);
  CHECK(c.decide(1, t0)[0].node == "n1");
}

TEST_CASE("scheduler: the same seed decides the same, another one otherwise") {
  auto run = [](std::uint64_t seed) {
    core c{{.seed = seed}};
    for (int i = 0; i < 20; ++i)
      c.put_node(node("n" + std::to_string(i)), t0);
    for (int i = 0; i < 30; ++i)
      c.put_pod(pod("p" + std::to_string(i)), t0);
    std::string all;
    for (const auto& d : c.decide(100, t0))
      all += d.node + " ";
    return all;
  };
  CHECK(run(1) == run(1));
  CHECK(run(1) != run(2));
}

/// What the table of candidates says must be what a look at every node says.
void check_against_all_nodes(core& c, const views::pod_demand& d, const decision& made) {
  const auto& p = c.seen();
  const auto& s = p.shape_of(p.pod(*p.find_pod(d.meta.uid)).shape);
  auto context = make_context(p, s, find_eligible(p, s));
  bool any = false;
  for (node_id n = 0; n < p.slots(); ++n)
    any = any || (p.columns().live[n] != 0 && filter(context, n));
  if (made.node.empty())
    CHECK_FALSE(any);
}

TEST_CASE("scheduler: property: whatever changes, no node is overfull and no rule is broken") {
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    CAPTURE(seed);
    random_source random{seed};
    core c{{.seed = seed, .kept = 3}};
    auto now = t0;
    std::map<std::string, views::pod_demand> placed; // by uid
    std::map<std::string, views::node_supply> nodes;
    int made = 0;
    for (int step = 0; step < 300; ++step) {
      now += 1s;
      switch (random.below(6)) {
      case 0: {
        auto n = node("n" + std::to_string(random.below(12)), 300 + 100 * random.below(4),
                      "z" + std::to_string(random.below(3)));
        nodes[n.meta.name] = n;
        c.put_node(n, now);
        break;
      }
      case 1:
        if (!placed.empty()) {
          auto at = std::next(placed.begin(), static_cast<long>(random.below(placed.size())));
          c.drop_pod(at->first, now);
          placed.erase(at);
        }
        break;
      default: {
        auto d = pod("p" + std::to_string(made++), 100);
        auto app = "app" + std::to_string(random.below(3));
        d.meta.labels = {{"app", app}};
        switch (random.below(4)) {
        case 0: d.anti_affinity = {term_of(app, "kubernetes.io/hostname")}; break;
        case 1: d.anti_affinity = {term_of("app0", "zone")}; break;
        case 2: d.affinity = {term_of(app, "zone")}; break;
        default: break;
        }
        c.put_pod(d, now);
        auto out = c.decide(1, now);
        if (out.empty() || out[0].pod.uid != d.meta.uid)
          break;
        check_against_all_nodes(c, d, out[0]);
        if (out[0].node.empty()) {
          c.drop_pod(d.meta.uid, now);
        } else {
          d.node = out[0].node;
          placed[d.meta.uid] = d;
          c.put_pod(d, now);
        }
      }
      }
      std::map<std::string, std::int64_t> used;
      for (const auto& [uid, d] : placed)
        used[d.node] += 100;
      for (node_id n = 0; n < c.seen().slots(); ++n)
        CHECK(c.seen().columns().cpu_used[n] == used[c.seen().text(c.seen().rest(n).name)]);
      for (const auto& [uid, a] : placed) // hostname anti-affinity holds both ways
        for (const auto& [other, b] : placed)
          if (uid != other && a.node == b.node && a.anti_affinity.size() == 1
              && a.anti_affinity[0].topology == "kubernetes.io/hostname")
            CHECK(a.anti_affinity[0].selector.matches(b.meta.labels) == false);
    }
  }
}

} // namespace
} // namespace troupe::scheduler
