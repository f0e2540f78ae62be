#include "config/api/views/endpoint_slice.hpp"
#include "config/api/views/lease.hpp"
#include "config/api/views/namespace.hpp"
#include "config/api/views/node.hpp"
#include "config/api/views/pod.hpp"
#include "config/api/views/service.hpp"
#include "config/api/views/workload.hpp"

#include <doctest/doctest.h>

namespace troupe::views {
namespace {

api::object object(const char* json) { return api::parse_object(troupe::share(json), revision{7}).value(); }

TEST_CASE("views: a pod") {
  auto p =
    pod::from(object(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"d"},
    "spec":{"nodeName":"n","hostname":"h","subdomain":"s",
      "tolerations":[{"key":"k","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}],
      "initContainers":[{"name":"side","restartPolicy":"Always","ports":[{"containerPort":15001}]},
                        {"name":"init","ports":[{"containerPort":1}]}],
      "containers":[{"name":"c","ports":[{"name":"web","containerPort":80},{"containerPort":53,"protocol":"UDP"}]}]},
    "status":{"phase":"Running","podIP":"10.0.0.1",
      "conditions":[{"type":"Ready","status":"True","lastTransitionTime":"2026-01-02T03:04:05Z"}],
      "containerStatuses":[{"restartCount":2},{"restartCount":5}]}})"))
      .value();
  CHECK(p.node == "n");
  CHECK(p.restarts == 5);
  REQUIRE(p.ports.size() == 3);
  CHECK(p.ports[1].protocol == "UDP");
  CHECK(p.ports[2].port == 15001);
  CHECK(p.tolerations[0].seconds == 300);
  auto since = *api::parse_time("2026-01-02T03:04:05Z");
  CHECK(p.ready_since() == since);
  CHECK(p.available(10, since + 10s));
  CHECK_FALSE(p.available(10, since + 9s));
}

TEST_CASE("views: what is absent has Kubernetes' meaning") {
  auto p = pod::from(object(R"({"kind":"Pod","metadata":{"name":"p"}})")).value();
  CHECK(p.phase == "Pending");
  CHECK(p.active());
  CHECK_FALSE(p.ready());
  auto d =
    deployment::from(object(R"({"kind":"Deployment","metadata":{"name":"d"},"spec":{}})")).value();
  CHECK(d.replicas == 1);
  CHECK(d.history_limit == 10);
  CHECK(d.progress_deadline == 600);
  CHECK(d.selector.nothing);
  CHECK(d.max_surge == share{25, true});
  auto e = endpoint_slice::from(object(R"({"kind":"EndpointSlice","metadata":{"name":"e"},
    "endpoints":[{"addresses":["1.2.3.4"]}]})"))
             .value();
  CHECK(e.endpoints[0].ready);
  CHECK(e.endpoints[0].serving);
  CHECK_FALSE(e.endpoints[0].terminating);
}

TEST_CASE("views: a deployment's selector, strategy and template") {
  auto d = deployment::from(object(R"({"kind":"Deployment","metadata":{"name":"d"},"spec":{
    "replicas":0,"paused":true,
    "strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":"30%","maxUnavailable":0}},
    "selector":{"matchLabels":{"a":"b"},"matchExpressions":[{"key":"t","operator":"NotIn","values":["x"]}]},
    "template":{"metadata":{"labels":{"a":"b"}}}}})"))
             .value();
  CHECK(d.replicas == 0);
  CHECK(d.paused);
  CHECK(d.max_surge == share{30, true});
  CHECK(d.max_unavailable == share{0, false});
  CHECK(d.selector.matches({{"a", "b"}}));
  CHECK_FALSE(d.selector.matches({{"a", "b"}, {"t", "x"}}));
  CHECK(d.pod_template == R"({"metadata":{"labels":{"a":"b"}}})");
}

TEST_CASE("views: shares of replicas round as asked") {
  CHECK(share{25, true}.of(10, true) == 3);
  CHECK(share{25, true}.of(10, false) == 2);
  CHECK(share{7, false}.of(10, true) == 7);
  CHECK(share{0, true}.of(10, true) == 0);
}

TEST_CASE("views: a replication controller's selector is a plain map") {
  auto rc = replica_set::from(object(R"({"kind":"ReplicationController","metadata":{"name":"r"},
    "spec":{"selector":{"a":"b"}}})"))
              .value();
  CHECK(rc.selector.matches({{"a", "b"}, {"c", "d"}}));
  CHECK_FALSE(rc.selector.matches({}));
}

TEST_CASE("views: a service's ports by number, by name and by default") {
  auto s =
    service::from(object(R"({"kind":"Service","metadata":{"name":"s"},"spec":{"clusterIP":"None",
    "ports":[{"port":80,"targetPort":8080},{"port":81,"targetPort":"web"},{"port":82}]}})"))
      .value();
  CHECK(s.headless());
  CHECK(s.ports[0].target == 8080);
  CHECK(s.ports[1].target_name == "web");
  CHECK(s.ports[2].target == 82);
}

TEST_CASE("views: nodes, leases, namespaces") {
  auto n = node::from(object(R"({"kind":"Node","metadata":{"name":"n"},
    "spec":{"unschedulable":true,"taints":[{"key":"k","effect":"NoExecute","timeAdded":"2026-01-02T03:04:05Z"}]},
    "status":{"addresses":[{"type":"Hostname","address":"n"},{"type":"InternalIP","address":"10.0.0.9"}]}})"))
             .value();
  CHECK(n.unschedulable);
  CHECK(n.taints[0].added.has_value());
  CHECK(n.internal_ip == "10.0.0.9");
  auto l = lease::from(object(R"({"kind":"Lease","metadata":{"name":"n"},
    "spec":{"holderIdentity":"n","renewTime":"2026-01-02T03:04:05.250000Z"}})"))
             .value();
  CHECK(l.renewed == *api::parse_time("2026-01-02T03:04:05Z") + 250ms);
  auto ns = name_space::from(object(R"({"kind":"Namespace","metadata":{"name":"x"},
    "spec":{"finalizers":["kubernetes"]},"status":{"phase":"Terminating"}})"))
              .value();
  CHECK(ns.phase == "Terminating");
  CHECK(ns.finalizers == std::vector<std::string>{"kubernetes"});
}

TEST_CASE("taints: which tolerations tolerate which taints") {
  const taint t{"k", "v", "NoSchedule", {}};
  CHECK(toleration{.key = "k", .value = "v", .effect = "NoSchedule"}.tolerates(t));
  CHECK(toleration{.key = "k", .value = "v"}.tolerates(t));
  CHECK(toleration{.key = "k", .exists = true}.tolerates(t));
  CHECK(toleration{.exists = true}.tolerates(t));
  CHECK_FALSE(toleration{.key = "k", .value = "w"}.tolerates(t));
  CHECK_FALSE(toleration{.key = "k", .value = "v", .effect = "NoExecute"}.tolerates(t));
  CHECK_FALSE(toleration{}.tolerates(t));
}

} // namespace
} // namespace troupe::views
