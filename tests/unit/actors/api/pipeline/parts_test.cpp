// Scale, binding, addresses and ports, versions of a kind, admission, keys.
#include "actors/api/pipeline/keys.hpp"
#include "tests/support/api_world.hpp"

#include <doctest/doctest.h>

#include <set>

namespace troupe::pipeline {
namespace {

using namespace support;
using api::patch_type;
using api::verb;

TEST_CASE("keys: an object's key reads back, and no kind's prefix holds another's objects") {
  for (const auto& k :
       {object_key{"", "pods", "default", "web"}, object_key{"apps", "deployments", "a", "b"},
        object_key{"", "nodes", "", "n1"},
        object_key{"rbac.authorization.k8s.io", "roles", "x", "a:b"}}) {
    CHECK(parse_key(key_of(k)) == k);
    CHECK(key_of(k).substr(0, prefix_of(k.group, k.plural, k.ns).size())
          == prefix_of(k.group, k.plural, k.ns));
  }
  CHECK(!parse_key(cluster_ip_key("10.0.0.1")));
  CHECK(!parse_key("/registry/core/pods/a/b/c"));
  CHECK(!parse_key("/registry/core/pods//b"));
  CHECK(prefix_of("", "pods", "a") == "/registry/core/pods/a/");
}

TEST_CASE("scale: a workload is read and changed as a number of replicas") {
  api_world w;
  w.post("apps", "v1", "deployments", "default", deployment_named("web", 2));
  auto r = api_world::request(verb::get, "apps", "v1", "deployments", "default", "web");
  r.subresource = "scale";
  auto scale = w.run(r);
  REQUIRE_MESSAGE(scale.code == 200, scale.text);
  CHECK(scale.body["kind"] == "Scale");
  CHECK(scale.body["apiVersion"] == "autoscaling/v1");
  CHECK(scale.body["spec"]["replicas"] == 2);
  CHECK(scale.body["status"]["selector"] == "app=web");
  auto wanted = scale.body;
  wanted["spec"]["replicas"] = 5;
  auto grown = w.put("apps", "v1", "deployments", wanted, "scale");
  REQUIRE_MESSAGE(grown.code == 200, grown.text);
  CHECK(grown.body["spec"]["replicas"] == 5);
  CHECK(grown.body["metadata"]["resourceVersion"] == to_string(w.store.at()));
  CHECK(w.put("apps", "v1", "deployments", wanted, "scale").code
        == 409); // the version is an old one
  auto shrunk = w.patch("apps", "v1", "deployments", "default", "web", patch_type::merge,
                        {{"spec", {{"replicas", 0}}}}, "scale");
  CHECK(shrunk.code == 200);
  auto stored = w.get("apps", "v1", "deployments", "default", "web").body;
  CHECK(stored["spec"]["replicas"] == 0);
  CHECK(stored["metadata"]["generation"] == 3);
  CHECK(w.patch("apps", "v1", "deployments", "default", "web", patch_type::merge,
                {{"spec", {{"replicas", -1}}}}, "scale")
          .code
        == 422);
}

answer bind_to(api_world& w, const json& body, bool legacy = false) {
  auto r = api_world::request(verb::create, "", "v1", legacy ? "bindings" : "pods", "default",
                              legacy ? "" : "web");
  r.subresource = legacy ? "" : "binding";
  r.body = body.dump();
  return w.run(r);
}

TEST_CASE("binding: sets the node once") {
  for (bool legacy : {false, true}) {
    api_world w;
    w.post("", "v1", "pods", "default", pod_named("web"));
    json body{{"metadata", {{"name", "web"}, {"annotations", {{"a", "b"}}}}},
              {"target", {{"kind", "Node"}, {"name", "n1"}}}};
    auto bound = bind_to(w, body, legacy);
    CHECK(bound.code == 201);
    CHECK(bound.body["status"] == "Success");
    auto pod = w.get("", "v1", "pods", "default", "web").body;
    CHECK(pod["spec"]["nodeName"] == "n1");
    CHECK(pod["metadata"]["annotations"]["a"] == "b");
    CHECK(pod["metadata"]["generation"] == 1);
    CHECK(pod["status"]["conditions"][0]["type"] == "PodScheduled");
    auto twice = bind_to(w, body, legacy);
    CHECK(twice.code == 409);
    CHECK(twice.message()
          == "Operation cannot be fulfilled on pods/binding \"web\": pod web is already assigned "
             "to node \"n1\"");
  }
}

TEST_CASE("binding: two schedulers never both succeed") {
  api_world w;
  w.post("", "v1", "pods", "default", pod_named("web"));
  w.meanwhile = [&] { CHECK(bind_to(w, {{"target", {{"name", "n2"}}}}).code == 201); };
  CHECK(bind_to(w, {{"target", {{"name", "n1"}}}}).code == 409);
  CHECK(w.get("", "v1", "pods", "default", "web").body["spec"]["nodeName"] == "n2");
  CHECK(bind_to(w, {{"metadata", {{"name", "other"}}}, {"target", {{"name", "n1"}}}}).code == 400);
}

json service(const std::string& name, const json& spec) {
  json out{{"metadata", {{"name", name}, {"namespace", "default"}}},
           {"spec", {{"ports", {{{"port", 80}}}}}}};
  out["spec"].update(spec);
  return out;
}

TEST_CASE("service: addresses and ports are taken once, honoured when asked for, and given back") {
  api_world w;
  auto made = w.post("", "v1", "services", "default", service("a", {{"type", "NodePort"}}));
  REQUIRE_MESSAGE(made.code == 201, made.text);
  auto address = made.body["spec"]["clusterIP"].get<std::string>();
  CHECK(address.substr(0, 3) == "10.");
  CHECK(made.body["spec"]["clusterIPs"] == json{address});
  CHECK(made.body["spec"]["ipFamilies"] == json{"IPv4"});
  CHECK(made.body["spec"]["ports"][0]["targetPort"] == 80);
  CHECK(made.body["spec"]["externalTrafficPolicy"] == "Cluster");
  auto port = made.body["spec"]["ports"][0]["nodePort"].get<int>();
  CHECK(port >= 30000);
  CHECK(port <= 32767);
  CHECK(w.store.view()->get(cluster_ip_key(address)));
  auto taken = w.post("", "v1", "services", "default", service("b", {{"clusterIP", address}}));
  CHECK(taken.code == 422);
  CHECK(
    taken.message().find("failed to allocate IP " + address + ": provided IP is already allocated")
    != std::string::npos);
  auto far = w.post("", "v1", "services", "default", service("b", {{"clusterIP", "192.168.0.1"}}));
  CHECK(far.message().find("is not in the valid range. The range of valid IPs is 10.96.0.0/12")
        != std::string::npos);
  auto wish = w.post("", "v1", "services", "default", service("b", {{"clusterIP", "10.96.0.10"}}));
  CHECK(wish.body["spec"]["clusterIP"] == "10.96.0.10");
  auto busy = service("c", {{"type", "NodePort"}});
  busy["spec"]["ports"][0]["nodePort"] = port;
  CHECK(w.post("", "v1", "services", "default", busy)
          .message()
          .find("provided port is already allocated")
        != std::string::npos);
  busy["spec"]["ports"][0]["nodePort"] = 80;
  CHECK(w.post("", "v1", "services", "default", busy)
          .message()
          .find("The range of valid ports is 30000-32767")
        != std::string::npos);
  auto down = w.patch("", "v1", "services", "default", "a", patch_type::merge,
                      {{"spec", {{"type", "ClusterIP"}, {"externalTrafficPolicy", nullptr}}}});
  REQUIRE_MESSAGE(down.code == 200, down.text);
  CHECK(down.body["spec"]["clusterIP"] == address);
  CHECK(!down.body["spec"]["ports"][0].contains("nodePort"));
  CHECK(!w.store.view()->get(node_port_key(static_cast<std::uint16_t>(port))));
  auto replaced = w.put("", "v1", "services",
                        service("a", {{"selector", {{"app", "x"}}}})); // without its address
  CHECK(replaced.body["spec"]["clusterIP"] == address);
  auto moved = w.patch("", "v1", "services", "default", "a", patch_type::merge,
                       {{"spec", {{"clusterIP", "10.96.0.99"}, {"clusterIPs", {"10.96.0.99"}}}}});
  CHECK(moved.code == 422);
  CHECK(moved.message().find("may not change once set") != std::string::npos);
  CHECK(w.remove("", "v1", "services", "default", "a").code == 200);
  CHECK(!w.store.view()->get(cluster_ip_key(address)));
}

TEST_CASE("service: headless and external ones take nothing") {
  api_world w;
  auto headless = w.post("", "v1", "services", "default", service("h", {{"clusterIP", "None"}}));
  CHECK(headless.body["spec"]["clusterIPs"] == json{"None"});
  auto external = w.post("", "v1", "services", "default",
                         service("e", {{"type", "ExternalName"}, {"externalName", "example.com"}}));
  REQUIRE_MESSAGE(external.code == 201, external.text);
  CHECK(!external.body["spec"].contains("clusterIP"));
  CHECK(w.store.view()->count("/allocations/") == 0);
}

TEST_CASE("service: two creates that choose the same address end with two addresses") {
  api_world w;
  auto same = w.random;
  w.meanwhile = [&] {
    auto kept = std::exchange(w.random, same);
    CHECK(w.post("", "v1", "services", "default", service("b", json::object())).code == 201);
    w.random = kept;
  };
  auto a = w.post("", "v1", "services", "default", service("a", json::object()));
  CHECK(a.code == 201);
  auto b = w.get("", "v1", "services", "default", "b");
  CHECK(a.body["spec"]["clusterIP"] != b.body["spec"]["clusterIP"]);
  CHECK(w.store.view()->count("/allocations/") == 2);
}

TEST_CASE("service: a small range is used up to its last address") {
  api_world w;
  w.set.service_cidr = "10.0.0.0/28";
  std::set<std::string> addresses;
  for (int i = 0; i < 14; ++i) {
    auto made =
      w.post("", "v1", "services", "default", service("s" + std::to_string(i), json::object()));
    REQUIRE_MESSAGE(made.code == 201, made.text);
    addresses.insert(made.body["spec"]["clusterIP"]);
  }
  CHECK(addresses.size() == 14);
  CHECK(w.post("", "v1", "services", "default", service("more", json::object()))
          .message()
          .find("range is full")
        != std::string::npos);
}

TEST_CASE("versions: an object written in one is read in the others") {
  api_world w;
  json v1{
    {"metadata", {{"name", "h"}}},
    {"spec",
     {{"maxReplicas", 5},
      {"targetCPUUtilizationPercentage", 60},
      {"scaleTargetRef", {{"kind", "Deployment"}, {"name", "web"}, {"apiVersion", "apps/v1"}}}}}};
  auto made = w.post("autoscaling", "v1", "horizontalpodautoscalers", "default", v1);
  REQUIRE_MESSAGE(made.code == 201, made.text);
  CHECK(made.body["apiVersion"] == "autoscaling/v1");
  CHECK(made.body["spec"]["targetCPUUtilizationPercentage"] == 60);
  auto v2 = w.get("autoscaling", "v2", "horizontalpodautoscalers", "default", "h").body;
  CHECK(v2["apiVersion"] == "autoscaling/v2");
  CHECK(v2["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 60);
  auto back = w.list("autoscaling", "v1", "horizontalpodautoscalers", "default").body["items"][0];
  CHECK(back["spec"]["targetCPUUtilizationPercentage"] == 60);
  auto event = w.post("events.k8s.io", "v1", "events", "default",
                      {{"metadata", {{"name", "e"}}},
                       {"eventTime", "2026-11-22T16:41:34.000000Z"},
                       {"note", "hello"},
                       {"reason", "R"},
                       {"action", "A"},
                       {"type", "Normal"},
                       {"reportingController", "c"},
                       {"reportingInstance", "i"},
                       {"regarding", {{"kind", "Pod"}, {"name", "p"}, {"namespace", "default"}}}});
  REQUIRE_MESSAGE(event.code == 201, event.text);
  auto core = w.get("", "v1", "events", "default", "e").body;
  CHECK(core["message"] == "hello");
  CHECK(core["involvedObject"]["name"] == "p");
}

TEST_CASE("admission: priorities and tolerations follow the cluster's settings") {
  api_world w;
  REQUIRE(w.post("scheduling.k8s.io", "v1", "priorityclasses", "",
                 {{"metadata", {{"name", "high"}}}, {"value", 1000}})
            .code
          == 201);
  auto pod = pod_named("a");
  pod["spec"]["priorityClassName"] = "high";
  pod["spec"]["tolerations"] = {{{"key", "node.kubernetes.io/not-ready"},
                                 {"operator", "Exists"},
                                 {"effect", "NoExecute"},
                                 {"tolerationSeconds", 5}}};
  w.set.unreachable_toleration_seconds = 42;
  auto made = w.post("", "v1", "pods", "default", pod);
  REQUIRE_MESSAGE(made.code == 201, made.text);
  CHECK(made.body["spec"]["priority"] == 1000);
  REQUIRE(made.body["spec"]["tolerations"].size() == 2);
  CHECK(made.body["spec"]["tolerations"][1]["tolerationSeconds"] == 42);
  auto lost = pod_named("b");
  lost["spec"]["priorityClassName"] = "none";
  auto refused = w.post("", "v1", "pods", "default", lost);
  CHECK(refused.code == 403);
  CHECK(refused.message() == "pods \"b\" is forbidden: no PriorityClass with name none was found");
}

TEST_CASE("admission: later steps may change an object, add defaults' need, and refuse") {
  api_world w;
  w.admission.mutating.push_back(
    {"Sidecar", [](admission& a) -> result<void> {
       if (a.of.plural == "pods" && a.what == admission::operation::create) {
         (*a.object)["spec"]["containers"].push_back({{"name", "proxy"}, {"image", "envoy"}});
         a.default_again = true;
       }
       return {};
     }});
  w.admission.validating.push_back(
    {"NoLatest", [](admission& a) -> result<void> {
       if (a.object && a.object->dump().find("bad-image") != std::string::npos)
         return failure{.reason = reason::forbidden, .message = "no bad images"};
       return {};
     }});
  auto made = w.post("", "v1", "pods", "default", pod_named("a"));
  REQUIRE(made.body["spec"]["containers"].size() == 2);
  CHECK(made.body["spec"]["containers"][1]["imagePullPolicy"] == "Always");
  auto bad = pod_named("b");
  bad["spec"]["containers"][0]["image"] = "bad-image";
  CHECK(w.post("", "v1", "pods", "default", bad).code == 403);
}

TEST_CASE("reviews: one may ask who one is and what one may do") {
  api_world w;
  auto r = api_world::request(verb::create, "authentication.k8s.io", "v1", "selfsubjectreviews");
  r.body = "{}";
  auto who = w.run(r);
  REQUIRE_MESSAGE(who.code == 201, who.text);
  CHECK(who.body["status"]["userInfo"]["username"] == "admin");
  r.group = "authorization.k8s.io";
  r.resource = "selfsubjectaccessreviews";
  r.body = R"({"spec":{"resourceAttributes":{"verb":"delete","resource":"nodes"}}})";
  CHECK(w.run(r).body["status"]["allowed"] == true);
  r.from = {.name = "jane", .groups = {"system:authenticated"}, .uid = {}};
  CHECK(w.run(r).body["status"]["allowed"] == false);
}

TEST_CASE("every kind in the catalog lists, and those that can be made empty say what they lack") {
  api_world w;
  for (const auto* of : w.catalog->resources()) {
    if ((of->verbs & schema::verb_list) == 0)
      continue;
    auto ns = of->namespaced ? "default" : "";
    auto all =
      w.list(std::string{of->group}, std::string{of->version}, std::string{of->plural}, ns);
    CHECK_MESSAGE(all.code == 200, of->qualified());
    if ((of->verbs & schema::verb_create) == 0)
      continue;
    auto nothing = w.post(std::string{of->group}, std::string{of->version}, std::string{of->plural},
                          ns, json::object());
    CHECK_MESSAGE(nothing.code == 422, of->qualified() << ": " << nothing.text);
    auto named = w.post(std::string{of->group}, std::string{of->version}, std::string{of->plural},
                        ns, {{"metadata", {{"name", "x-" + std::string{of->version}}}}});
    CHECK_MESSAGE((named.code == 201 || named.code == 422), of->qualified() << ": " << named.text);
  }
}

} // namespace
} // namespace troupe::pipeline
