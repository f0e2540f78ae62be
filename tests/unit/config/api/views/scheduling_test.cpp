#include "config/api/views/scheduling.hpp"

#include <doctest/doctest.h>

namespace troupe::views {
namespace {

pod_demand demand(const std::string& spec, const std::string& rest = "") {
  auto body =
    R"({"kind":"Pod","metadata":{"name":"p","namespace":"d","labels":{"app":"web","v":"1"}},"spec":)"
    + spec + rest + "}";
  return pod_demand::from(api::parse_object(troupe::share(body), revision{1}).value()).value();
}

TEST_CASE("pod demand: the larger of init containers and the sum of containers, plus overhead") {
  struct row {
    const char* what;
    const char* spec;
    std::int64_t cpu;
  };
  const row rows[] = {
    {"sum",
     R"({"containers":[{"resources":{"requests":{"cpu":"100m"}}},{"resources":{"requests":{"cpu":"1"}}}]})",
     1100},
    {"init container larger",
     R"({"initContainers":[{"resources":{"requests":{"cpu":"2"}}}],"containers":[{"resources":{"requests":{"cpu":"1"}}}]})",
     2000},
    {"sidecar beside the containers",
     R"({"initContainers":[{"restartPolicy":"Always","resources":{"requests":{"cpu":"500m"}}}],
         "containers":[{"resources":{"requests":{"cpu":"1"}}}]})",
     1500},
    {"init container beside an earlier sidecar",
     R"({"initContainers":[{"restartPolicy":"Always","resources":{"requests":{"cpu":"500m"}}},
                           {"resources":{"requests":{"cpu":"2"}}}],
         "containers":[{"resources":{"requests":{"cpu":"1"}}}]})",
     2500},
    {"overhead",
     R"({"overhead":{"cpu":"50m"},"containers":[{"resources":{"requests":{"cpu":"1"}}}]})", 1050},
  };
  for (const auto& r : rows) {
    CAPTURE(r.what);
    CHECK(demand(r.spec).requests.at("cpu") == r.cpu);
  }
}

TEST_CASE("pod demand: amounts in whole units, cpu in thousandths; scoring has defaults") {
  auto d = demand(
    R"({"containers":[{"resources":{"requests":{"memory":"1Gi","nvidia.com/gpu":"2","cpu":"0.1"}}},{}]})");
  CHECK(d.requests.at("memory") == 1LL << 30);
  CHECK(d.requests.at("nvidia.com/gpu") == 2);
  CHECK(d.cpu_or_default == 200);
  CHECK(d.memory_or_default == (1LL << 30) + 200LL * 1024 * 1024);
}

TEST_CASE("pod demand: host ports, also those of a host network") {
  auto ports =
    R"("containers":[{"ports":[{"containerPort":80},{"containerPort":81,"hostPort":8081,"protocol":"UDP"}]}])";
  auto plain = demand(std::string{"{"} + ports + "}");
  REQUIRE(plain.host_ports.size() == 1);
  CHECK(plain.host_ports[0] == host_port{"", "UDP", 8081});
  CHECK(demand(std::string{R"({"hostNetwork":true,)"} + ports + "}").host_ports.size() == 2);
}

TEST_CASE("pod demand: affinity, also the kind that Kubernetes never built") {
  auto d = demand(R"({"nodeSelector":{"disk":"ssd"},"affinity":{
    "nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[
        {"matchExpressions":[{"key":"z","operator":"In","values":["a"]}]},{}]},
      "preferredDuringSchedulingIgnoredDuringExecution":[{"weight":5,
        "preference":{"matchExpressions":[{"key":"z","operator":"Exists"}]}}]},
    "podAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"zone",
        "labelSelector":{"matchLabels":{"app":"db"}},"matchLabelKeys":["v","absent"]}]},
    "podAntiAffinity":{"requiredDuringSchedulingRequiredDuringExecution":[{"topologyKey":"host","labelSelector":{}}],
      "preferredDuringSchedulingIgnoredDuringExecution":[{"weight":7,"podAffinityTerm":{"topologyKey":"zone"}}]}}})");
  CHECK(d.has_node_terms);
  CHECK(d.node_terms.size() == 1); // the empty term selects nothing and is left out
  CHECK(d.preferred_nodes[0].weight == 5);
  CHECK(d.affinity[0].selector.matches({{"app", "db"}, {"v", "1"}}));
  CHECK_FALSE(d.affinity[0].selector.matches({{"app", "db"}, {"v", "2"}}));
  CHECK(d.anti_affinity[0].selector.everything());
  CHECK(d.preferred_anti_affinity[0].weight == 7);
  CHECK(d.preferred_anti_affinity[0].selector.nothing);
  CHECK(d.anti_affinity[0].namespace_selector.nothing);
}

TEST_CASE("pod demand: gates, priority, scheduler, end") {
  auto d = demand(
    R"({"schedulingGates":[{"name":"g"}],"priority":9,"preemptionPolicy":"Never","schedulerName":"mine"})");
  CHECK(d.gated);
  CHECK(d.priority == 9);
  CHECK_FALSE(d.preempts);
  CHECK(d.scheduler == "mine");
  CHECK(demand("{}").scheduler == "default-scheduler");
  CHECK(demand("{}", R"(,"status":{"phase":"Failed"})").ended);
}

TEST_CASE("node supply: allocatable, taints and images") {
  auto n = node_supply::from(api::parse_object(troupe::share(R"({"kind":"Node","metadata":{"name":"n"},
    "spec":{"taints":[{"key":"k","effect":"NoSchedule"}]},
    "status":{"allocatable":{"cpu":"3920m","memory":"2Gi","pods":"110"},
      "images":[{"names":["a:1","a@sha"],"sizeBytes":100}]}})"),
                                               revision{1})
                               .value())
             .value();
  CHECK(n.allocatable.at("cpu") == 3920);
  CHECK(n.allocatable.at("pods") == 110);
  CHECK(n.taints.size() == 1);
  CHECK(n.images.size() == 2);
}

} // namespace
} // namespace troupe::views
