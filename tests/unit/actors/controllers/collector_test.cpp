#include "actors/controllers/collector/plan.hpp"
#include "config/base/random.hpp"
#include "tests/support/world.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace troupe::collector {
namespace {

namespace of = control::of;
using nlohmann::json;
using tests::world;

const std::string ns = "default";

std::optional<kind_info> kinds(std::string_view, std::string_view kind) {
  if (kind == "Deployment")
    return kind_info{of::deployments, true};
  if (kind == "ReplicaSet")
    return kind_info{of::replica_sets, true};
  if (kind == "ConfigMap")
    return kind_info{of::config_maps, true};
  if (kind == "Node")
    return kind_info{of::nodes, false};
  return std::nullopt;
}

/// The informers and the collector together: after every round the graph is told what changed.
struct setting {
  world w;
  graph g{kinds};
  std::map<std::string, identity> told;

  std::optional<api::metadata> find(const identity& who) const {
    if (!w.has(who.of, who.ns, who.name))
      return std::nullopt;
    return w.get(who.of, who.ns, who.name).meta;
  }
  void tell() {
    std::map<std::string, identity> now;
    w.each([&](const control::resource& r, const api::object& o) {
      now[o.meta.uid] = {r, o.meta.ns, o.meta.name, o.meta.uid};
      g.put(r, o.meta);
    });
    for (const auto& [uid, who] : told)
      if (!now.contains(uid))
        g.gone(uid);
    told = now;
    for (const auto& q : g.questions())
      if (auto found = find(q); !found || found->uid != q.uid)
        g.absent(q.uid);
  }
  /// Runs until nothing is left to do; false if it never rests.
  bool rest() {
    for (int i = 0; i < 200; ++i) {
      tell();
      bool any = false;
      while (auto who = g.next())
        if (auto o = observe(g, *who, [&](const identity& id) { return find(id); })) {
          auto orders = plan(*o);
          any = any || !orders.empty();
          w.perform(orders);
        }
      if (!any)
        return true;
    }
    return false;
  }
  json& put(const control::resource& r, const std::string& name,
            const std::vector<json>& owners = {}) {
    json tree{{"metadata", {{"name", name}, {"uid", "u-" + name}, {"ownerReferences", owners}}}};
    if (r != of::nodes)
      tree["metadata"]["namespace"] = ns;
    return const_cast<json&>(w.put(r, std::move(tree))); // NOLINT
  }
  void remove(const control::resource& r, const std::string& name, api::propagation how) {
    w.perform({control::remove{.at = {.of = r, .ns = r == of::nodes ? "" : ns, .name = name},
                               .propagate = how}});
  }
  bool has(const control::resource& r, const std::string& name) const {
    return w.has(r, r == of::nodes ? "" : ns, name);
  }
};

json owner(const std::string& kind, const std::string& name, bool blocks = true) {
  return {{"apiVersion", "apps/v1"},
          {"kind", kind},
          {"name", name},
          {"uid", "u-" + name},
          {"blockOwnerDeletion", blocks}};
}

setting family() {
  setting s;
  s.put(of::deployments, "d");
  s.put(of::replica_sets, "r", {owner("Deployment", "d")});
  s.put(of::pods, "p1", {owner("ReplicaSet", "r")});
  s.put(of::pods, "p2", {owner("ReplicaSet", "r")});
  return s;
}

TEST_CASE("collector: leaves families whose owners live alone") {
  auto s = family();
  CHECK(s.rest());
  CHECK(s.has(of::pods, "p1"));
  CHECK(s.w.events.empty());
}

TEST_CASE("collector: background: the owner goes at once, the rest after it") {
  auto s = family();
  s.rest();
  s.remove(of::deployments, "d", api::propagation::background);
  CHECK_FALSE(s.has(of::deployments, "d"));
  CHECK(s.rest());
  CHECK_FALSE(s.has(of::replica_sets, "r"));
  CHECK_FALSE(s.has(of::pods, "p1"));
  CHECK_FALSE(s.has(of::pods, "p2"));
}

TEST_CASE("collector: foreground: dependents go first, the owner last") {
  auto s = family();
  s.rest();
  s.w.check = [&] {
    if (s.has(of::pods, "p1") || s.has(of::pods, "p2"))
      CHECK(s.has(of::replica_sets, "r"));
    if (s.has(of::replica_sets, "r"))
      CHECK(s.has(of::deployments, "d"));
  };
  s.remove(of::deployments, "d", api::propagation::foreground);
  CHECK(s.has(of::deployments, "d"));
  CHECK(s.rest());
  CHECK_FALSE(s.has(of::deployments, "d"));
  CHECK_FALSE(s.has(of::pods, "p1"));
}

TEST_CASE("collector: foreground waits only for dependents that block") {
  setting s;
  s.put(of::deployments, "d");
  auto& held = s.put(of::replica_sets, "r", {owner("Deployment", "d", false)});
  held["metadata"]["finalizers"] = {"example.com/hold"};
  s.rest();
  s.remove(of::deployments, "d", api::propagation::foreground);
  CHECK(s.rest());
  CHECK_FALSE(s.has(of::deployments, "d"));
  CHECK(s.has(of::replica_sets, "r"));
}

TEST_CASE("collector: orphan: dependents stay and forget their owner") {
  auto s = family();
  s.rest();
  s.remove(of::replica_sets, "r", api::propagation::orphan);
  CHECK(s.rest());
  CHECK_FALSE(s.has(of::replica_sets, "r"));
  REQUIRE(s.has(of::pods, "p1"));
  CHECK(s.w.tree(of::pods, ns, "p1")["metadata"]["ownerReferences"].empty());
  CHECK(s.has(of::deployments, "d"));
}

TEST_CASE("collector: an object with two owners stays until both are gone") {
  setting s;
  s.put(of::config_maps, "a");
  s.put(of::config_maps, "b");
  s.put(of::pods, "p", {owner("ConfigMap", "a"), owner("ConfigMap", "b")});
  s.rest();
  s.remove(of::config_maps, "a", api::propagation::background);
  CHECK(s.rest());
  REQUIRE(s.has(of::pods, "p"));
  CHECK(s.w.tree(of::pods, ns, "p")["metadata"]["ownerReferences"].size() == 1);
  s.remove(of::config_maps, "b", api::propagation::background);
  CHECK(s.rest());
  CHECK_FALSE(s.has(of::pods, "p"));
}

TEST_CASE("collector: an owner that never was is asked for, then its dependents go") {
  setting s;
  s.put(of::pods, "p", {owner("ReplicaSet", "ghost")});
  s.g.put(of::pods, s.w.get(of::pods, ns, "p").meta);
  auto asked = s.g.questions();
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].name == "ghost");
  CHECK(asked[0].of == of::replica_sets);
  auto o = observe(s.g, *s.g.next(), [&](const identity& id) { return s.find(id); });
  CHECK(plan(*o).empty()); // not before the answer
  s.g.absent("u-ghost");
  CHECK(s.rest());
  CHECK_FALSE(s.has(of::pods, "p"));
}

TEST_CASE("collector: an owner of the same name but another uid is not the owner") {
  setting s;
  s.put(of::replica_sets, "r");
  auto stranger = owner("ReplicaSet", "r");
  stranger["uid"] = "u-former-r";
  s.put(of::pods, "p", {stranger});
  CHECK(s.rest());
  CHECK_FALSE(s.has(of::pods, "p"));
}

TEST_CASE("collector: an owner in another namespace owns nothing here; a cluster-scoped one may") {
  setting s;
  s.w.put(of::config_maps, R"({"metadata":{"name":"far","namespace":"other","uid":"u-far"}})");
  s.put(of::pods, "p", {owner("ConfigMap", "far")});
  s.put(of::nodes, "n");
  s.put(of::config_maps, "of-node", {owner("Node", "n")});
  CHECK(s.rest());
  CHECK_FALSE(s.has(of::pods, "p"));
  CHECK(s.has(of::config_maps, "of-node"));
  s.remove(of::nodes, "n", api::propagation::background);
  CHECK(s.rest());
  CHECK_FALSE(s.has(of::config_maps, "of-node"));
}

TEST_CASE("collector: owners of unknown kinds are never taken for gone") {
  setting s;
  s.put(of::pods, "p", {owner("Widget", "w")});
  CHECK(s.rest());
  CHECK(s.has(of::pods, "p"));
}

TEST_CASE("collector: a circle of foreground deletions ends") {
  setting s;
  s.put(of::config_maps, "a", {owner("ConfigMap", "b")});
  s.put(of::config_maps, "b", {owner("ConfigMap", "a")});
  s.rest();
  s.remove(of::config_maps, "a", api::propagation::foreground);
  CHECK(s.rest());
  CHECK_FALSE(s.has(of::config_maps, "a"));
  CHECK_FALSE(s.has(of::config_maps, "b"));
}

TEST_CASE("collector: property: after quiet no orphan is left and no living family is hurt") {
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    CAPTURE(seed);
    random_source random{seed};
    setting s;
    for (int i = 0; i < 30; ++i) {
      std::vector<json> owners;
      for (std::uint64_t k = random.below(3); i > 0 && k > 0; --k)
        owners.push_back(owner("ConfigMap",
                               "c" + std::to_string(random.below(static_cast<std::uint64_t>(i))),
                               random.chance(1, 2)));
      s.put(of::config_maps, "c" + std::to_string(i), owners);
    }
    CHECK(s.rest());
    for (int k = 0; k < 8; ++k) {
      auto name = "c" + std::to_string(random.below(30));
      const api::propagation how[] = {api::propagation::background, api::propagation::foreground};
      if (s.has(of::config_maps, name))
        s.remove(of::config_maps, name, how[random.below(2)]);
      if (random.chance(1, 2))
        s.rest();
    }
    REQUIRE(s.rest());
    for (const auto& o : s.w.list(of::config_maps)) {
      CHECK_FALSE(o.meta.deleted);
      if (o.meta.owners.empty())
        continue;
      for (const auto& by : o.meta.owners)
        CHECK(s.has(of::config_maps, by.name));
    }
    CHECK(s.g.size() == s.w.list(of::config_maps).size());
  }
}

} // namespace
} // namespace troupe::collector
