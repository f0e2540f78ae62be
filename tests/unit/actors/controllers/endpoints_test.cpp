#include "actors/controllers/endpoints/plan.hpp"
#include "config/base/random.hpp"
#include "tests/support/world.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace troupe::endpoints {
namespace {

namespace of = control::of;
using nlohmann::json;
using tests::world;

const std::string ns = "default";

observed look(const world& w, std::uint64_t seed = 1) {
  observed o{.seed = seed,
             .service = views::service::from(w.get(of::services, ns, "web")).value(),
             .pods = {}};
  for (auto& p : w.views<views::pod>(of::pods, ns))
    if (p.meta.labels["app"] == "web")
      o.pods.push_back(p);
  o.slices = w.views<views::endpoint_slice>(of::endpoint_slices, ns);
  for (auto& e : w.views<views::endpoints>(of::endpoints, ns))
    o.legacy = e;
  return o;
}

control::actions both(const observed& o) {
  auto out = plan_slices(o);
  auto more = plan_endpoints(o);
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

void put_service(world& w, json ports = {{{"name", "http"}, {"port", 80}, {"targetPort", 8080}}}) {
  w.put(of::services,
        {{"metadata", {{"name", "web"}, {"namespace", ns}, {"labels", {{"team", "a"}}}}},
         {"spec", {{"selector", {{"app", "web"}}}, {"clusterIP", "10.96.0.7"}, {"ports", ports}}}});
}

void put_pod(world& w, int i, bool ready = true, const std::string& node = "n1") {
  w.put(
    of::pods,
    {{"metadata",
      {{"name", "p" + std::to_string(i)},
       {"uid", "uid-" + std::to_string(i)},
       {"namespace", ns},
       {"labels", {{"app", "web"}}}}},
     {"spec",
      {{"nodeName", node},
       {"containers", {{{"name", "c"}, {"ports", {{{"name", "web"}, {"containerPort", 9090}}}}}}}}},
     {"status",
      {{"phase", "Running"},
       {"podIP", "10.244.0." + std::to_string(i)},
       {"conditions", {{{"type", "Ready"}, {"status", ready ? "True" : "False"}}}}}}});
}

json only_slice(const world& w) {
  auto all = w.list(of::endpoint_slices, ns);
  REQUIRE(all.size() == 1);
  return w.tree(of::endpoint_slices, ns, all[0].meta.name);
}

TEST_CASE("endpoints: a service has a slice and an Endpoints object of its pods") {
  world w;
  put_service(w);
  put_pod(w, 1);
  put_pod(w, 2, false);
  CHECK(tests::settle(w, [&] { return both(look(w)); }) == 1);
  auto slice = only_slice(w);
  CHECK(slice["addressType"] == "IPv4");
  CHECK(slice["metadata"]["labels"]["kubernetes.io/service-name"] == "web");
  CHECK(slice["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"]
        == "endpointslice-controller.k8s.io");
  CHECK(slice["metadata"]["labels"]["team"] == "a");
  CHECK(slice["metadata"]["ownerReferences"][0]["kind"] == "Service");
  CHECK(slice["ports"] == json::parse(R"([{"name":"http","protocol":"TCP","port":8080}])"));
  REQUIRE(slice["endpoints"].size() == 2);
  CHECK(slice["endpoints"][0]["addresses"][0] == "10.244.0.1");
  CHECK(slice["endpoints"][0]["conditions"]["ready"] == true);
  CHECK(slice["endpoints"][0]["nodeName"] == "n1");
  CHECK(slice["endpoints"][0]["targetRef"]["name"] == "p1");
  CHECK(slice["endpoints"][1]["conditions"]["ready"] == false);
  auto legacy = w.tree(of::endpoints, ns, "web");
  CHECK(legacy["subsets"][0]["addresses"][0]["ip"] == "10.244.0.1");
  CHECK(legacy["subsets"][0]["notReadyAddresses"][0]["ip"] == "10.244.0.2");
  CHECK(legacy["subsets"][0]["ports"][0]["port"] == 8080);
}

TEST_CASE("endpoints: without pods there is one empty slice, without a selector nothing") {
  world w;
  put_service(w);
  CHECK(tests::settle(w, [&] { return both(look(w)); }) == 1);
  CHECK(only_slice(w)["endpoints"].empty());
  world other;
  put_service(other);
  other.change(of::services, ns, "web", [](json& t) { t["spec"].erase("selector"); });
  CHECK(both(look(other)).empty());
}

TEST_CASE("endpoints: a terminating pod serves but is not ready, and then it is gone") {
  world w;
  put_service(w);
  put_pod(w, 1);
  tests::settle(w, [&] { return both(look(w)); });
  w.perform({control::remove{.at = {.of = of::pods, .ns = ns, .name = "p1"}}});
  tests::settle(w, [&] { return both(look(w)); });
  auto conditions = only_slice(w)["endpoints"][0]["conditions"];
  CHECK(conditions == json::parse(R"({"ready":false,"serving":true,"terminating":true})"));
  CHECK(w.tree(of::endpoints, ns, "web")["subsets"].empty());
  w.erase(of::pods, ns, "p1");
  tests::settle(w, [&] { return both(look(w)); });
  CHECK(only_slice(w)["endpoints"].empty());
}

TEST_CASE("endpoints: publishNotReadyAddresses makes every address ready") {
  world w;
  put_service(w);
  w.change(of::services, ns, "web", [](json& t) { t["spec"]["publishNotReadyAddresses"] = true; });
  put_pod(w, 1, false);
  tests::settle(w, [&] { return both(look(w)); });
  CHECK(only_slice(w)["endpoints"][0]["conditions"]["ready"] == true);
  CHECK(only_slice(w)["endpoints"][0]["conditions"]["serving"] == false);
}

TEST_CASE("endpoints: a named target port is looked up in each pod") {
  world w;
  put_service(w, {{{"name", "http"}, {"port", 80}, {"targetPort", "web"}}});
  put_pod(w, 1);
  put_pod(w, 2);
  w.change(of::pods, ns, "p2",
           [](json& t) { t["spec"]["containers"][0]["ports"][0]["containerPort"] = 7070; });
  put_pod(w, 3);
  w.change(of::pods, ns, "p3", [](json& t) { t["spec"]["containers"][0].erase("ports"); });
  tests::settle(w, [&] { return both(look(w)); });
  std::map<int, std::size_t> endpoints_by_port;
  for (const auto& s : w.views<views::endpoint_slice>(of::endpoint_slices, ns))
    endpoints_by_port[static_cast<int>(s.ports.at(0).port)] += s.endpoints.size();
  CHECK(endpoints_by_port == std::map<int, std::size_t>{{9090, 1}, {7070, 1}});
}

TEST_CASE("endpoints: a headless service says so, and its named pods keep their names") {
  world w;
  put_service(w, json::array());
  w.change(of::services, ns, "web", [](json& t) { t["spec"]["clusterIP"] = "None"; });
  put_pod(w, 1);
  w.change(of::pods, ns, "p1", [](json& t) {
    t["spec"]["hostname"] = "db-0";
    t["spec"]["subdomain"] = "web";
  });
  tests::settle(w, [&] { return both(look(w)); });
  CHECK(only_slice(w)["metadata"]["labels"].contains("service.kubernetes.io/headless"));
  CHECK(only_slice(w)["endpoints"][0]["hostname"] == "db-0");
}

TEST_CASE("endpoints: pods of a suspect node get no traffic until it is seen again") {
  world w;
  put_service(w);
  put_pod(w, 1, true, "n1");
  put_pod(w, 2, true, "n2");
  tests::settle(w, [&] { return both(look(w)); });
  std::set<std::string> suspects{"n1"};
  bool suspended = false;
  std::set<std::string> seen;
  auto suspecting = [&] {
    auto o = look(w);
    o.suspects = suspects;
    o.suspended = suspended;
    o.seen = seen;
    return both(o);
  };
  CHECK(tests::settle(w, suspecting) == 1);
  auto ready = [&](int i) {
    auto slice = only_slice(w);
    for (const auto& e : slice["endpoints"])
      if (e["targetRef"]["name"] == "p" + std::to_string(i + 1))
        return e["conditions"]["ready"] == true;
    return false;
  };
  CHECK_FALSE(ready(0));
  CHECK(ready(1));
  CHECK(w.tree(of::endpoints, ns, "web")["subsets"][0]["addresses"].size() == 1);
  suspects = {}; // a new leader knows no suspects yet
  suspended = true;
  tests::settle(w, suspecting);
  CHECK_FALSE(ready(0));
  CHECK(ready(1));
  put_pod(w, 3, false, "n2");
  tests::settle(w, suspecting);
  seen = {"n2"};
  w.erase(of::pods, ns, "p3");
  put_pod(w, 3, true, "n2"); // a node that is seen need not wait
  tests::settle(w, suspecting);
  CHECK_FALSE(ready(0));
  CHECK(ready(2));
  suspended = false;
  tests::settle(w, suspecting);
  CHECK(ready(0));
}

TEST_CASE("endpoints: slices hold a hundred, and a change touches only the slice it is in") {
  world w;
  put_service(w);
  for (int i = 1; i <= 250; ++i)
    put_pod(w, i);
  tests::settle(w, [&] { return both(look(w)); });
  auto slices = w.views<views::endpoint_slice>(of::endpoint_slices, ns);
  CHECK(slices.size() == 3);
  for (const auto& s : slices)
    CHECK(s.endpoints.size() <= per_slice);
  w.erase(of::pods, ns, "p7");
  put_pod(w, 251);
  auto orders = plan_slices(look(w));
  CHECK(orders.size() == 1);
}

TEST_CASE("endpoints: labels follow the service") {
  world w;
  put_service(w);
  put_pod(w, 1);
  tests::settle(w, [&] { return both(look(w)); });
  w.change(of::services, ns, "web", [](json& t) {
    t["metadata"]["labels"] = {{"team", "b"}, {"x", "y"}};
  });
  tests::settle(w, [&] { return both(look(w)); });
  CHECK(only_slice(w)["metadata"]["labels"]["team"] == "b");
  CHECK(only_slice(w)["metadata"]["labels"]["x"] == "y");
  w.change(of::services, ns, "web", [](json& t) { t["metadata"].erase("labels"); });
  tests::settle(w, [&] { return both(look(w)); });
  CHECK_FALSE(only_slice(w)["metadata"]["labels"].contains("team"));
  CHECK_FALSE(w.tree(of::endpoints, ns, "web")["metadata"]["labels"].contains("team"));
}

TEST_CASE("endpoints: property: whatever pods come and go, each is listed exactly once") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    random_source random{seed};
    world w;
    put_service(w, {{{"name", "http"}, {"port", 80}, {"targetPort", "web"}}});
    std::set<std::string> there;
    for (int step = 0; step < 25; ++step) {
      for (int i = 0; i < 30; ++i) {
        auto n = static_cast<int>(random.below(200));
        auto name = "p" + std::to_string(n);
        if (random.chance(1, 3) && there.contains(name)) {
          w.erase(of::pods, ns, name);
          there.erase(name);
        } else if (!there.contains(name)) {
          put_pod(w, n, random.chance(1, 2));
          if (random.chance(1, 3))
            w.change(of::pods, ns, name, [](json& t) {
              t["spec"]["containers"][0]["ports"][0]["containerPort"] = 7070;
            });
          there.insert(name);
        }
      }
      REQUIRE(tests::settle(
                w, [&] { return both(look(w, random())); }, 3)
              <= 3);
      std::multiset<std::string> listed;
      for (const auto& s : w.views<views::endpoint_slice>(of::endpoint_slices, ns))
        for (const auto& e : s.endpoints)
          listed.insert(e.target.name);
      CHECK(std::equal(listed.begin(), listed.end(), there.begin(), there.end()));
    }
  }
}

} // namespace
} // namespace troupe::endpoints
