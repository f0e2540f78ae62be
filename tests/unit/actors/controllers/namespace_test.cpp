#include "actors/controllers/name_space/plan.hpp"
#include "tests/support/world.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace troupe::name_space {
namespace {

namespace of = control::of;
using nlohmann::json;
using tests::world;

observed look(const world& w) {
  observed o{.now = w.now,
             .ns = views::name_space::from(w.get(of::namespaces, "", "doomed")).value()};
  for (const auto& r : {of::pods, of::config_maps, of::services}) {
    content c{.of = r};
    for (const auto& object : w.list(r, "doomed")) {
      ++c.objects;
      c.untouched += object.meta.deleted ? 0 : 1;
      for (const auto& f : object.meta.finalizers)
        ++c.finalizers[f];
    }
    if (c.objects > 0)
      o.contents.push_back(c);
  }
  return o;
}

world doomed() {
  world w;
  w.put(of::namespaces, R"({"metadata":{"name":"doomed"},"spec":{"finalizers":["kubernetes"]}})");
  w.put(of::pods, R"({"metadata":{"name":"p","namespace":"doomed"},"spec":{"nodeName":"n"}})");
  w.put(of::config_maps, R"({"metadata":{"name":"c","namespace":"doomed"}})");
  w.put(of::config_maps, R"({"metadata":{"name":"other","namespace":"default"}})");
  return w;
}

TEST_CASE("namespace: that lives is left alone") {
  auto w = doomed();
  CHECK(plan(look(w)).empty());
}

TEST_CASE("namespace: empties itself, pods first, and goes") {
  auto w = doomed();
  w.perform({control::remove{.at = {.of = of::namespaces, .ns = "", .name = "doomed"}}});
  REQUIRE(w.has(of::namespaces, "", "doomed"));
  tests::settle(
    w, [&] { return plan(look(w)); }, 2);
  CHECK(w.tree(of::namespaces, "", "doomed")["status"]["phase"] == "Terminating");
  CHECK(w.has(of::config_maps, "doomed", "c")); // the pod still terminates
  w.erase(of::pods, "doomed", "p");
  for (int i = 0; i < 5 && w.has(of::namespaces, "", "doomed"); ++i)
    w.perform(plan(look(w)));
  CHECK_FALSE(w.has(of::namespaces, "", "doomed"));
  CHECK_FALSE(w.has(of::config_maps, "doomed", "c"));
  CHECK(w.has(of::config_maps, "default", "other"));
}

TEST_CASE("namespace: says what it still waits for") {
  auto w = doomed();
  w.erase(of::pods, "doomed", "p");
  w.change(of::config_maps, "doomed", "c",
           [](json& t) { t["metadata"]["finalizers"] = {"example.com/hold"}; });
  w.perform({control::remove{.at = {.of = of::namespaces, .ns = "", .name = "doomed"}}});
  w.perform(plan(look(w)));
  std::map<std::string, json> conditions;
  for (const auto& c : w.tree(of::namespaces, "", "doomed")["status"]["conditions"])
    conditions[c["type"]] = c;
  CHECK(conditions["NamespaceContentRemaining"]["status"] == "True");
  CHECK(conditions["NamespaceContentRemaining"]["message"]
        == "Some resources are remaining: configmaps has 1 resource instances");
  CHECK(conditions["NamespaceFinalizersRemaining"]["message"]
        == "Some content in the namespace has finalizers remaining: example.com/hold in 1 "
           "resource instances");
  CHECK(w.woken == 1s);
  CHECK(tests::settle(w, [&] { return plan(look(w)); }) <= 2); // waits without writing
  w.change(of::config_maps, "doomed", "c", [](json& t) { t["metadata"]["finalizers"].clear(); });
  for (int i = 0; i < 5 && w.has(of::namespaces, "", "doomed"); ++i)
    w.perform(plan(look(w)));
  CHECK_FALSE(w.has(of::namespaces, "", "doomed"));
}

TEST_CASE("namespace: keeps the finalizers of others") {
  auto w = doomed();
  w.erase(of::pods, "doomed", "p");
  w.erase(of::config_maps, "doomed", "c");
  w.change(of::namespaces, "", "doomed", [](json& t) {
    t["spec"]["finalizers"] = {"mine", "kubernetes"};
  });
  w.perform({control::remove{.at = {.of = of::namespaces, .ns = "", .name = "doomed"}}});
  CHECK(tests::settle(w, [&] { return plan(look(w)); }) <= 3);
  CHECK(w.tree(of::namespaces, "", "doomed")["spec"]["finalizers"] == json::array({"mine"}));
}

TEST_CASE("namespace: is not let go while something could not be listed") {
  auto w = doomed();
  w.erase(of::pods, "doomed", "p");
  w.erase(of::config_maps, "doomed", "c");
  w.perform({control::remove{.at = {.of = of::namespaces, .ns = "", .name = "doomed"}}});
  for (int i = 0; i < 3; ++i) {
    auto o = look(w);
    o.failures = {"listing widgets.example.com: unavailable"};
    w.perform(plan(o));
  }
  CHECK(w.has(of::namespaces, "", "doomed"));
}

} // namespace
} // namespace troupe::name_space
