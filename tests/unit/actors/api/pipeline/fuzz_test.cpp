// Whatever a client sends, it gets an answer that is not a fault of ours.
#include "config/base/random.hpp"
#include "tests/support/api_world.hpp"

#include <doctest/doctest.h>

namespace troupe::pipeline {
namespace {

using namespace support;
using api::patch_type;
using api::verb;

struct sample {
  const char *group, *version, *resource, *body;
};

const sample samples[] = {
  {"", "v1", "pods",
   R"({"metadata":{"name":"a","labels":{"a":"b"},"ownerReferences":[{"apiVersion":"v1","kind":"K","name":"n",
     "uid":"u"}]},
   "spec":{"containers":[{"name":"m","image":"i:1","env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"s",
     "key":"k"}}}],
   "ports":[{"containerPort":80,"hostPort":80}],"resources":{"limits":{"cpu":"1"},"requests":{"cpu":"500m"}},
   "volumeMounts":[{"name":"v","mountPath":"/v"}],"livenessProbe":{"httpGet":{"port":"http","path":"/"}},
   "securityContext":{"runAsUser":1},"lifecycle":{"preStop":{"exec":{"command":["a"]}}}}],
   "volumes":[{"name":"v","secret":{"secretName":"s"}}],"tolerations":[{"key":"k","operator":"Exists"}],
   "affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[
     {"matchExpressions":[
   {"key":"a","operator":"In","values":["b"]}]}]}},
     "podAntiAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[
   {"topologyKey":"t","labelSelector":{"matchLabels":{"a":"b"}}}]}},"topologySpreadConstraints":[{"maxSkew":1,
     "topologyKey":"z",
   "whenUnsatisfiable":"DoNotSchedule"}],"hostAliases":[{"ip":"1.2.3.4"}],"priorityClassName":"",
     "schedulingGates":[{"name":"g"}]}})"},
  {"apps", "v1", "deployments",
   R"({"metadata":{"name":"a"},"spec":{"replicas":2,"selector":{"matchLabels":{"a":"b"},"matchExpressions":[
   {"key":"a","operator":"Exists"}]},"strategy":{"rollingUpdate":{"maxSurge":1,"maxUnavailable":"25%"}},
   "template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"m","image":"i"}]}}}})"},
  {"apps", "v1", "statefulsets",
   R"({"metadata":{"name":"a"},"spec":{"serviceName":"s","selector":{"matchLabels":{"a":"b"}},
   "template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"m","image":"i"}]}},
   "volumeClaimTemplates":[{"metadata":{"name":"d"},"spec":{"accessModes":["ReadWriteOnce"],
     "resources":{"requests":{"storage":"1Gi"}}}}]}})"},
  {"batch", "v1", "jobs",
   R"({"metadata":{"name":"a"},"spec":{"parallelism":2,"template":{"spec":{"restartPolicy":"Never",
     "containers":[{"name":"m","image":"i"}]}}}})"},
  {"batch", "v1", "cronjobs",
   R"({"metadata":{"name":"a"},"spec":{"schedule":"* * * * *",
     "jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never",
   "containers":[{"name":"m","image":"i"}]}}}}}})"},
  {"", "v1", "services",
   R"({"metadata":{"name":"a"},"spec":{"type":"LoadBalancer","externalTrafficPolicy":"Local",
     "selector":{"a":"b"},"clusterIPs":["10.96.0.50"],
   "ports":[{"name":"x","port":80,"targetPort":"http","nodePort":30001},{"name":"y","port":81}],
     "sessionAffinity":"ClientIP",
   "sessionAffinityConfig":{"clientIP":{"timeoutSeconds":5}},"loadBalancerSourceRanges":["10.0.0.0/8"],
     "externalIPs":["1.2.3.4"]}})"},
  {"", "v1", "configmaps",
   R"({"metadata":{"name":"a"},"data":{"k":"v"},"binaryData":{"b":"AAAA"},"immutable":false})"},
  {"", "v1", "secrets",
   R"({"metadata":{"name":"a"},"type":"Opaque","data":{"k":"dg=="},"stringData":{"s":"t"}})"},
  {"", "v1", "persistentvolumeclaims",
   R"({"metadata":{"name":"a"},"spec":{"accessModes":["ReadWriteOnce"],
     "resources":{"requests":{"storage":"1Gi"}},"selector":{"matchLabels":{"a":"b"}}}})"},
  {"networking.k8s.io", "v1", "ingresses",
   R"({"metadata":{"name":"a"},"spec":{"rules":[{"host":"a.b","http":{"paths":[{"path":"/","pathType":"Prefix",
     "backend":{"service":
   {"name":"s","port":{"number":80}}}}]}}]}})"},
  {"networking.k8s.io", "v1", "networkpolicies",
   R"({"metadata":{"name":"a"},"spec":{"podSelector":{},"ingress":[{"from":[{"ipBlock":{"cidr":"10.0.0.0/8",
     "except":["10.1.0.0/16"]}}],
   "ports":[{"port":80}]}]}})"},
  {"autoscaling", "v2", "horizontalpodautoscalers",
   R"({"metadata":{"name":"a"},"spec":{"maxReplicas":3,"scaleTargetRef":{"kind":"Deployment","name":"d"}}})"},
  {"autoscaling", "v1", "horizontalpodautoscalers",
   R"({"metadata":{"name":"a","annotations":{"autoscaling.alpha.kubernetes.io/metrics":"[]"}},
     "spec":{"maxReplicas":3,
   "scaleTargetRef":{"kind":"Deployment","name":"d"},"targetCPUUtilizationPercentage":5}})"},
  {"events.k8s.io", "v1", "events",
   R"({"metadata":{"name":"a"},"eventTime":"2026-11-22T16:41:34.000000Z","note":"n","reason":"r","action":"a",
     "type":"Normal",
   "reportingController":"c","reportingInstance":"i","regarding":{"kind":"Pod","namespace":"default"},
     "series":{"count":2,"lastObservedTime":"2026-11-22T16:41:34.000000Z"}})"},
  {"rbac.authorization.k8s.io", "v1", "rolebindings",
   R"({"metadata":{"name":"a"},"roleRef":{"kind":"Role","name":"r"},"subjects":[{"kind":"User","name":"u"}]})"},
  {"policy", "v1", "poddisruptionbudgets",
   R"({"metadata":{"name":"a"},"spec":{"minAvailable":"50%","selector":{"matchLabels":{"a":"b"}}}})"},
};

json random_value(random_source& random) {
  static const json values[] = {nullptr,
                                true,
                                0,
                                -1,
                                99999999999,
                                1.5,
                                "",
                                "a",
                                "Always",
                                "10%",
                                "1Gi",
                                "2026-11-22T16:41:34Z",
                                json::array(),
                                json::object(),
                                json::array({nullptr}),
                                json::array({1, "a"}),
                                json{{"a", "b"}},
                                json{{"name", 5}},
                                json::array({json::object()}),
                                std::string(300, 'x'),
                                "\xc3\xbc/\n"};
  return values[random.below(std::size(values))];
}

/// Pointers to everything in a tree.
void collect(const json& tree, const json::json_pointer& at, std::vector<json::json_pointer>& out) {
  if (!at.empty())
    out.push_back(at);
  if (tree.is_object())
    for (const auto& [key, value] : tree.items())
      collect(value, at / key, out);
  else if (tree.is_array())
    for (std::size_t i = 0; i < tree.size(); ++i)
      collect(tree[i], at / i, out);
}

void spoil(json& tree, random_source& random) {
  std::vector<json::json_pointer> all;
  collect(tree, json::json_pointer{}, all);
  if (all.empty())
    return;
  auto at = all[random.below(all.size())];
  auto& parent = tree[at.parent_pointer()];
  switch (random.below(4)) {
  case 0:
    if (parent.is_object())
      parent.erase(at.back());
    break;
  case 1:
    if (parent.is_array())
      parent.push_back(tree[at]);
    else
      parent["extra"] = random_value(random);
    break;
  default: tree[at] = random_value(random);
  }
}

/// A fault of ours, or an answer that is not one.
bool sound(const answer& a) { return a.code != 500 && (a.body.is_object() || a.code == 0); }

TEST_CASE("bodies: spoiled ones are refused or taken, never a fault") {
  random_source random{2026};
  api_world w;
  for (int round = 0; round < 6'000; ++round) {
    const auto& s = samples[random.below(std::size(samples))];
    auto body = json::parse(s.body);
    for (auto n = 1 + random.below(3); n > 0; --n)
      spoil(body, random);
    auto r = api_world::request(verb::create, s.group, s.version, s.resource, "default");
    r.options.fields = random.chance(1, 2) ? api::validation::ignore : api::validation::strict;
    r.options.dry_run = true;
    r.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
    auto out = w.run(r);
    REQUIRE_MESSAGE(sound(out), s.resource << " " << r.body << "\n" << out.text);
  }
}

TEST_CASE(
  "changes: spoiled updates and patches of what is there are refused or taken, never a fault") {
  random_source random{77};
  api_world w;
  for (const auto& s : samples) {
    auto made = w.post(s.group, s.version, s.resource, "default", json::parse(s.body));
    auto there = made.code == 409; // in another version
    REQUIRE_MESSAGE((made.code == 201 || there), s.resource << " " << made.text);
  }
  for (int round = 0; round < 6'000; ++round) {
    const auto& s = samples[random.below(std::size(samples))];
    auto r = api_world::request(random.chance(1, 2) ? verb::update : verb::patch, s.group,
                                s.version, s.resource, "default", "a");
    auto body = random.chance(1, 3) ? w.get(s.group, s.version, s.resource, "default", "a").body
                                    : json::parse(s.body);
    if (body.contains("metadata"))
      body["metadata"].erase("resourceVersion");
    for (auto n = 1 + random.below(2); n > 0; --n)
      spoil(body, random);
    r.patch = random.chance(1, 2) ? patch_type::merge : patch_type::strategic;
    r.subresource =
      random.chance(1, 4) && s.resource != std::string_view{"configmaps"} ? "status" : "";
    r.options.fields = random.chance(1, 2) ? api::validation::ignore : api::validation::strict;
    r.options.dry_run = random.chance(3, 4);
    r.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
    auto out = w.run(r);
    REQUIRE_MESSAGE(sound(out), s.resource << " " << r.body << "\n" << out.text);
    if (auto now = w.get(s.group, s.version, s.resource, "default", "a"); now.code == 404)
      w.post(s.group, s.version, s.resource, "default", json::parse(s.body));
  }
}

TEST_CASE(
  "applies: spoiled ones are no fault; what was applied and is applied again writes nothing") {
  random_source random{11};
  api_world w;
  int applied = 0;
  for (int round = 0; round < 3'000; ++round) {
    const auto& s = samples[random.below(std::size(samples))];
    auto r = api_world::request(verb::patch, s.group, s.version, s.resource, "default", "a");
    auto body = json::parse(s.body);
    const auto* of = w.catalog->find(s.group, s.version, s.resource);
    if (s.group == std::string_view{"autoscaling"}) // its annotation is the conversion's to write
      body["metadata"].erase("annotations");
    body["apiVersion"] = of->api_version();
    body["kind"] = of->kind;
    for (auto n = random.below(3); n > 0; --n)
      spoil(body, random);
    r.patch = patch_type::apply;
    r.options.field_manager = "m" + std::to_string(random.below(3));
    r.options.force = random.chance(2, 3);
    r.options.fields = api::validation::ignore;
    r.subresource = random.chance(1, 6) && of->find("status") ? "status" : "";
    r.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
    auto out = w.run(r);
    REQUIRE_MESSAGE(sound(out), s.resource << " " << r.body << "\n" << out.text);
    if (out.code > 201 || out.body["metadata"].contains("deletionTimestamp"))
      continue;
    ++applied;
    w.now += std::chrono::seconds{1};
    auto at = w.store.at();
    auto again = w.run(r);
    REQUIRE_MESSAGE(again.code == 200, r.body << "\n" << again.text);
    REQUIRE_MESSAGE(w.store.at() == at, r.body << "\n" << out.text << "\n" << again.text);
  }
  CHECK(applied > 500);
}

TEST_CASE("bytes: broken bodies of every medium are bad requests") {
  api_world w;
  random_source random{5};
  auto good = pod_named("a").dump();
  for (int i = 0; i < 2'000; ++i) {
    auto r = api_world::request(verb::create, "", "v1", "pods", "default");
    r.options.dry_run = true;
    r.body = good;
    r.body_as = static_cast<api::media>(random.below(3));
    for (auto n = 1 + random.below(4); n > 0; --n)
      r.body[random.below(r.body.size())] = static_cast<char>(random());
    if (random.chance(1, 3))
      r.body.resize(random.below(r.body.size()));
    auto out = w.run(r);
    REQUIRE_MESSAGE(out.code != 500, r.body << "\n" << out.text);
  }
}

} // namespace
} // namespace troupe::pipeline
