#include "tests/unit/actors/scheduler/fixtures.hpp"

#include <doctest/doctest.h>

#include <functional>

namespace troupe::scheduler {
namespace {

using test = api::label_requirement::test;

/// One node, perhaps with pods, and one pod that wants it.
struct row {
  const char* what;
  std::function<void(views::node_supply&)> node;
  std::vector<views::pod_demand> there;
  std::function<void(views::pod_demand&)> pod;
  const char* refused; // nullptr: it fits
};

views::pod_demand with_label(views::pod_demand d, std::string app) {
  d.meta.labels["app"] = std::move(app);
  return d;
}

void run(const std::vector<row>& rows) {
  for (const auto& r : rows) {
    CAPTURE(r.what);
    core c{{.seed = 1}};
    auto n = node("n1", 4000, "z1");
    if (r.node)
      r.node(n);
    c.put_node(n, t0);
    for (auto p : r.there) {
      p.node = "n1";
      c.put_pod(p, t0);
    }
    auto p = pod("new");
    if (r.pod)
      r.pod(p);
    c.put_pod(p, t0);
    auto decided = c.decide(1, t0);
    REQUIRE(decided.size() == 1);
    if (r.refused == nullptr) {
      CHECK(decided[0].node == "n1");
      CHECK(decided[0].message == "");
    } else {
      CHECK(decided[0].node == "");
      auto sentence = std::string{"0/1 nodes are available: "} + r.refused + ".";
      CHECK(decided[0].message.substr(0, sentence.size()) == sentence);
    }
  }
}

auto taint(std::string key, std::string value, std::string effect) {
  return [=](views::node_supply& n) { n.taints = {{key, value, effect, {}}}; };
}

auto tolerate(views::toleration t) {
  return [=](views::pod_demand& p) { p.tolerations = {t}; };
}

TEST_CASE("plugins: taints and cordons") {
  const char* refused = "1 node(s) had untolerated taint {gpu: yes}";
  run({
    {"no toleration", taint("gpu", "yes", "NoSchedule"), {}, {}, refused},
    {"NoExecute as well", taint("gpu", "yes", "NoExecute"), {}, {}, refused},
    {"PreferNoSchedule is only a wish", taint("gpu", "yes", "PreferNoSchedule"), {}, {}, nullptr},
    {"equal",
     taint("gpu", "yes", "NoSchedule"),
     {},
     tolerate({.key = "gpu", .value = "yes"}),
     nullptr},
    {"another value",
     taint("gpu", "yes", "NoSchedule"),
     {},
     tolerate({.key = "gpu", .value = "no"}),
     refused},
    {"exists",
     taint("gpu", "yes", "NoSchedule"),
     {},
     tolerate({.key = "gpu", .exists = true}),
     nullptr},
    {"another effect",
     taint("gpu", "yes", "NoSchedule"),
     {},
     tolerate({.key = "gpu", .effect = "NoExecute", .exists = true}),
     refused},
    {"every key", taint("gpu", "yes", "NoSchedule"), {}, tolerate({.exists = true}), nullptr},
    {"cordoned", [](auto& n) { n.unschedulable = true; }, {}, {}, "1 node(s) were unschedulable"},
    {"cordoned, tolerated",
     [](auto& n) { n.unschedulable = true; },
     {},
     tolerate({.key = "node.kubernetes.io/unschedulable", .exists = true}),
     nullptr},
  });
}

TEST_CASE("plugins: resources, pods and ports") {
  auto port = [](std::string ip, std::int64_t number, std::string protocol = "TCP") {
    return [=](views::pod_demand& p) { p.host_ports = {{ip, protocol, number}}; };
  };
  auto there = [&](std::string ip, std::int64_t number) {
    auto p = pod("old");
    port(ip, number)(p);
    return std::vector{p};
  };
  const char* taken = "1 node(s) didn't have free ports for the requested pod ports";
  run({
    {"fits exactly", {}, {pod("old", 3900)}, {}, nullptr},
    {"a thousandth too much", {}, {pod("old", 3901)}, {}, "1 Insufficient cpu"},
    {"asks nothing, fits a full node",
     {},
     {pod("old", 4000)},
     [](auto& p) { p.requests.clear(); },
     nullptr},
    {"cpu and memory",
     {},
     {},
     [](auto& p) {
       p.requests = {{"cpu", 9000}, {"memory", 9LL << 30}};
     },
     "1 Insufficient cpu, 1 Insufficient memory"},
    {"unknown resource",
     {},
     {},
     [](auto& p) { p.requests["nvidia.com/gpu"] = 1; },
     "1 Insufficient nvidia.com/gpu"},
    {"known resource",
     [](auto& n) { n.allocatable["nvidia.com/gpu"] = 2; },
     {},
     [](auto& p) { p.requests["nvidia.com/gpu"] = 2; },
     nullptr},
    {"ephemeral storage",
     {},
     {},
     [](auto& p) { p.requests["ephemeral-storage"] = 1; },
     "1 Insufficient ephemeral-storage"},
    {"full of pods",
     [](auto& n) { n.allocatable["pods"] = 1; },
     {pod("old")},
     {},
     "1 Too many pods"},
    {"same port", {}, there("", 80), port("", 80), taken},
    {"another port", {}, there("", 80), port("", 81), nullptr},
    {"another protocol", {}, there("", 80), port("", 80, "UDP"), nullptr},
    {"another address", {}, there("10.0.0.1", 80), port("10.0.0.2", 80), nullptr},
    {"every address", {}, there("10.0.0.1", 80), port("0.0.0.0", 80), taken},
  });
}

TEST_CASE("plugins: node selector and node affinity") {
  const char* refused = "1 node(s) didn't match Pod's node affinity/selector";
  auto terms = [](std::vector<views::node_term> all) {
    return [=](views::pod_demand& p) {
      p.has_node_terms = true;
      p.node_terms = all;
    };
  };
  auto label = [](std::string key, test what, std::vector<std::string> values) {
    return views::node_term{.labels = {{key, what, values}}, .fields = {}};
  };
  auto cores = [](auto& n) { n.meta.labels["cores"] = "16"; };
  run({
    {"selected",
     {},
     {},
     [](auto& p) {
       p.node_selector = {{"zone", "z1"}};
     },
     nullptr},
    {"not selected",
     {},
     {},
     [](auto& p) {
       p.node_selector = {{"zone", "z2"}};
     },
     refused},
    {"In", {}, {}, terms({label("zone", test::in, {"z0", "z1"})}), nullptr},
    {"NotIn", {}, {}, terms({label("zone", test::not_in, {"z1"})}), refused},
    {"NotIn without the label", {}, {}, terms({label("x", test::not_in, {"z1"})}), nullptr},
    {"Exists", {}, {}, terms({label("x", test::exists, {})}), refused},
    {"DoesNotExist", {}, {}, terms({label("x", test::absent, {})}), nullptr},
    {"Gt", cores, {}, terms({label("cores", test::greater, {"8"})}), nullptr},
    {"Gt equal", cores, {}, terms({label("cores", test::greater, {"16"})}), refused},
    {"Lt", cores, {}, terms({label("cores", test::less, {"32"})}), nullptr},
    {"terms are alternatives",
     {},
     {},
     terms({label("x", test::exists, {}), label("zone", test::in, {"z1"})}),
     nullptr},
    {"no term at all", {}, {}, terms({}), refused},
    {"by name", {}, {}, terms({{.labels = {}, .fields = {in("metadata.name", {"n1"})}}}), nullptr},
    {"by another name",
     {},
     {},
     terms({{.labels = {}, .fields = {in("metadata.name", {"n2"})}}}),
     refused},
  });
}

TEST_CASE("plugins: pod affinity and anti-affinity, both ways") {
  auto want = [](std::string app, std::string key, std::string own = "") {
    return [=](views::pod_demand& p) {
      p.affinity = {term_of(app, key)};
      if (!own.empty())
        p.meta.labels["app"] = own;
    };
  };
  auto shun = [](std::string app, std::string key) {
    return [=](views::pod_demand& p) { p.anti_affinity = {term_of(app, key)}; };
  };
  auto elsewhere = with_label(pod("old"), "db");
  elsewhere.meta.ns = "other";
  auto hater = pod("old");
  hater.anti_affinity = {term_of("web", "zone")};
  auto db = with_label(pod("old"), "db");
  auto everywhere = [](auto& p) {
    p.anti_affinity = {term_of("db", "zone")};
    p.anti_affinity[0].namespace_selector = {};
  };
  run({
    {"is there", {}, {db}, want("db", "zone"), nullptr},
    {"is not there", {}, {}, want("db", "zone"), "1 node(s) didn't match pod affinity rules"},
    {"in another namespace",
     {},
     {elsewhere},
     want("db", "zone"),
     "1 node(s) didn't match pod affinity rules"},
    {"the first of its kind", {}, {}, want("web", "zone", "web"), nullptr},
    {"the first, but no such label on the node",
     {},
     {},
     want("web", "rack", "web"),
     "1 node(s) didn't match pod affinity rules"},
    {"not beside it",
     {},
     {db},
     shun("db", "zone"),
     "1 node(s) didn't match pod anti-affinity rules"},
    {"not beside it, without a domain", {}, {db}, shun("db", "rack"), nullptr},
    {"another namespace does not count", {}, {elsewhere}, shun("db", "zone"), nullptr},
    {"unless every namespace is meant",
     {},
     {elsewhere},
     everywhere,
     "1 node(s) didn't match pod anti-affinity rules"},
    {"the one that is there does not bear it",
     {},
     {hater},
     [](auto& p) { p.meta.labels["app"] = "web"; },
     "1 node(s) didn't satisfy existing pods anti-affinity rules"},
    {"it bears others", {}, {hater}, [](auto& p) { p.meta.labels["app"] = "api"; }, nullptr},
  });
}

TEST_CASE("plugins: spreading keeps domains at most max skew apart") {
  core c{{.seed = 3}};
  for (auto name : {"a1", "a2", "b1"})
    c.put_node(node(name, 4000, std::string(1, name[0])), t0);
  auto spread = [](const std::string& name) {
    auto p = pod(name);
    p.meta.labels = {{"app", "web"}};
    p.spread = {{.max_skew = 1,
                 .topology = "zone",
                 .required = true,
                 .selector = {.all = {in("app", {"web"})}}}};
    return p;
  };
  for (int i = 0; i < 6; ++i)
    c.put_pod(spread("p" + std::to_string(i)), t0);
  std::map<char, int> zones;
  for (const auto& d : c.decide(10, t0)) {
    REQUIRE(d.node != "");
    ++zones[d.node[0]];
    CHECK(std::abs(zones['a'] - zones['b']) <= 1);
  }
  CHECK(zones == std::map<char, int>{{'a', 3}, {'b', 3}});
  c.put_node(
    [] {
      auto n = node("b1", 4000, "b");
      n.unschedulable = true;
      return n;
    }(),
    t0);
  c.put_pod(spread("p7"), t0);
  c.put_pod(spread("p8"), t0);
  auto decided = c.decide(10, t0);
  CHECK(decided[0].node[0] == 'a');
  CHECK(decided[1].message.find("2 node(s) didn't match pod topology spread constraints")
        != std::string::npos);
}

TEST_CASE("plugins: wishes decide among nodes that fit") {
  core c{{.seed = 5}};
  auto disliked = node("disliked");
  disliked.taints = {{"slow", "", "PreferNoSchedule", {}}};
  c.put_node(disliked, t0);
  c.put_node(node("plain"), t0);
  auto liked = node("liked");
  liked.meta.labels["disk"] = "ssd";
  c.put_node(liked, t0);
  auto wish = pod("wish");
  wish.preferred_nodes = {{100, {.labels = {in("disk", {"ssd"})}, .fields = {}}}};
  c.put_pod(wish, t0);
  CHECK(c.decide(1, t0)[0].node == "liked");
  auto db = with_label(pod("db"), "db");
  db.node = "plain";
  c.put_pod(db, t0);
  auto beside = pod("beside");
  beside.preferred_affinity = {term_of("db", "kubernetes.io/hostname")};
  beside.preferred_affinity[0].weight = 100;
  c.put_pod(beside, t0);
  CHECK(c.decide(1, t0)[0].node == "plain");
  auto away = pod("away");
  away.preferred_anti_affinity = {term_of("db", "kubernetes.io/hostname")};
  away.preferred_anti_affinity[0].weight = 100;
  c.put_pod(away, t0);
  CHECK(c.decide(1, t0)[0].node == "liked");
}

TEST_CASE("plugins: pods of one controller spread over the nodes") {
  core c{{.seed = 6}};
  for (int i = 0; i < 5; ++i)
    c.put_node(node("n" + std::to_string(i)), t0);
  for (int i = 0; i < 10; ++i) {
    auto p = pod("p" + std::to_string(i), 10);
    p.meta.owners = {{.api_version = "apps/v1",
                      .kind = "ReplicaSet",
                      .name = "web",
                      .uid = "rs",
                      .controller = true}};
    c.put_pod(p, t0);
  }
  std::map<std::string, int> on;
  for (const auto& d : c.decide(10, t0))
    ++on[d.node];
  for (const auto& [name, n] : on)
    CHECK(n == 2);
}

} // namespace
} // namespace troupe::scheduler
