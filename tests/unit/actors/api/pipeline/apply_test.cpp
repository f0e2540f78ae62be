// Server-side apply, as kubectl and controllers meet it.
#include "config/api/object.hpp"
#include "tests/unit/actors/api/pipeline/apply_world.hpp"

#include <doctest/doctest.h>

namespace troupe::pipeline {
namespace {

using namespace support;

constexpr auto last_applied = "kubectl.kubernetes.io/last-applied-configuration";

json web(int replicas) { return deployment_named("web", replicas); }

TEST_CASE("apply: what is not there is created, with defaults that nobody owns") {
  apply_world w;
  auto made = w.apply(web(2), {"kubectl"});
  REQUIRE_MESSAGE(made.code == 201, made.text);
  CHECK(made.body["metadata"]["uid"].get<std::string>().size() == 36);
  CHECK(made.body["spec"]["revisionHistoryLimit"] == 10);
  const auto& entry = made.body["metadata"]["managedFields"][0];
  CHECK(entry["manager"] == "kubectl");
  CHECK(entry["operation"] == "Apply");
  CHECK(entry["apiVersion"] == "apps/v1");
  CHECK(entry["fieldsType"] == "FieldsV1");
  CHECK(entry["time"] == api::format_time(w.now));
  CHECK(!entry.contains("subresource"));
  CHECK(entry["fieldsV1"] == json::parse(R"({"f:spec":{"f:replicas":{},"f:selector":{},
    "f:template":{"f:metadata":{"f:labels":{"f:app":{}}},
     "f:spec":{"f:containers":{"k:{\"name\":\"main\"}":{".":{},"f:image":{},"f:name":{}}}}}}})"));
  CHECK(made.body["metadata"]["managedFields"].size() == 1);
  CHECK(w.now_of(web(2)) == made.body);
}

TEST_CASE("apply: the same once more writes nothing; a change writes, in one version") {
  apply_world w;
  auto first = w.apply(web(2), {"kubectl"});
  w.now += std::chrono::hours{1};
  auto at = w.store.at();
  auto same = w.apply(web(2), {"kubectl"});
  CHECK(same.code == 200);
  CHECK(same.body == first.body);
  CHECK(w.store.at() == at);
  auto more = w.apply(web(3), {"kubectl"});
  CHECK(more.body["metadata"]["generation"] == 2);
  CHECK(more.body["metadata"]["managedFields"][0]["time"] == api::format_time(w.now));
  auto other = w.apply(web(3), {"other"}); // owns the same: that is a change of the object, too
  CHECK(other.code == 200);
  CHECK(other.version != more.version);
  CHECK(other.body["metadata"]["generation"] == 2);
  CHECK(apply_world::owners(other.body).size() == 2);
}

TEST_CASE("apply: a conflict is 409 with a cause for each field, in Kubernetes' words") {
  apply_world w;
  w.create(web(2), "kubectl-client-side-apply");
  auto one = w.apply(web(3), {"ci"});
  CHECK(one.code == 409);
  CHECK(one.body["reason"] == "Conflict");
  CHECK(one.message()
        == "Apply failed with 1 conflict: conflict with \"kubectl-client-side-apply\" using "
           "apps/v1: .spec.replicas");
  CHECK(one.body["details"]["causes"]
        == json::parse(R"([{"reason":"FieldManagerConflict","field":".spec.replicas",
             "message":"conflict with \"kubectl-client-side-apply\" using apps/v1"}])"));
  CHECK(w.now_of(web(2))["spec"]["replicas"] == 2);
  auto image = web(3);
  image["spec"]["template"]["spec"]["containers"][0]["image"] = "nginx:2";
  w.apply(web(2), {"helm"});
  auto many = w.apply(image, {"ci"});
  CHECK(many.message()
        == "Apply failed with 4 conflicts: conflicts with \"helm\":\n"
           "- .spec.replicas\n"
           "- .spec.template.spec.containers[name=\"main\"].image\n"
           "conflicts with \"kubectl-client-side-apply\" using apps/v1:\n"
           "- .spec.replicas\n"
           "- .spec.template.spec.containers[name=\"main\"].image");
  CHECK(many.body["details"]["causes"].size() == 4);
  CHECK(many.body["details"]["causes"][0]["message"] == "conflict with \"helm\"");
  auto forced = w.apply(image, {"ci", true});
  CHECK(forced.code == 200);
  CHECK(forced.body["spec"]["replicas"] == 3);
  CHECK(!apply_world::owners(forced.body)["helm"]["f:spec"].contains("f:replicas"));
}

TEST_CASE("apply: what makes an applied object impossible is told in Kubernetes' words") {
  apply_world w;
  auto nobody = w.apply(web(2), {""});
  CHECK(nobody.code == 422);
  CHECK(nobody.message()
        == "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required "
           "for apply patch");
  auto with_owners = web(2);
  with_owners["metadata"]["managedFields"] = json::array();
  auto owners = w.apply(with_owners, {"a"});
  CHECK(owners.code == 400);
  CHECK(owners.message() == "metadata.managedFields must be nil");
  auto unknown = web(2);
  unknown["spec"]["replica"] = 1;
  CHECK(w.apply(unknown, {"a"}).message()
        == "failed to create typed patch object (default/web; apps/v1, Kind=Deployment): "
           ".spec.replica: field not declared in schema");
  auto twice = web(2);
  auto& containers = twice["spec"]["template"]["spec"]["containers"];
  containers.push_back(containers[0]);
  auto doubled = w.apply(twice, {"a"});
  CHECK(doubled.code == 400);
  CHECK(doubled.message()
        == "failed to create typed patch object (default/web; apps/v1, Kind=Deployment): "
           ".spec.template.spec.containers: duplicate entries for key [name=\"main\"]");
  auto typed = web(2);
  typed["spec"]["replicas"] = "two";
  CHECK(w.apply(typed, {"a"}).code == 400);
  auto kind = web(2);
  auto r = w.applying(kind, {"a"});
  kind["kind"] = "ReplicaSet";
  r.body = kind.dump();
  CHECK(w.run(r).message() == "invalid object type: apps/v1, Kind=ReplicaSet");
  kind.erase("kind");
  r.body = kind.dump();
  CHECK(w.run(r).code == 400);
  for (const char* body : {"", "a: b: c", "[]", "5", "kind: [", "{\"a\":", "\xff"}) {
    r.body = body;
    CHECK(w.run(r).code == 400);
  }
  auto name = web(2);
  name["metadata"]["name"] = "other";
  r.body = name.dump();
  CHECK(w.run(r).code == 400);
  auto invalid = web(2);
  invalid["spec"]["template"]["spec"]["containers"][0].erase("image");
  invalid["spec"]["selector"]["matchLabels"]["app"] = "else";
  CHECK(w.apply(invalid, {"a"}).code == 422);
}

TEST_CASE("apply: bodies are YAML or JSON; what stands twice is an error or a warning, as asked") {
  apply_world w;
  auto r = w.applying(config_map({{"a", "1"}}), {"a"});
  r.body = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata:\n  a: \"1\"\n  b: x\n";
  CHECK(w.run(r).body["data"] == json{{"a", "1"}, {"b", "x"}});
  r.body = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata:\n  a: \"1\"\n  a: \"2\"\n";
  auto strict = w.run(r);
  CHECK(strict.code == 400);
  CHECK(strict.message() == "error strict decoding YAML: duplicate field \"data.a\"");
  r.options.fields = api::validation::warn;
  auto warned = w.run(r);
  CHECK(warned.code == 200);
  CHECK(warned.warnings == std::vector<std::string>{"duplicate field \"data.a\""});
  CHECK(warned.body["data"] == json{{"a", "2"}});
}

TEST_CASE("apply: dry run shows the result and the conflicts, and stores nothing") {
  apply_world w;
  auto at = w.store.at();
  auto made = w.apply(web(2), {.manager = "a", .dry_run = true});
  CHECK(made.code == 201);
  CHECK(made.body["metadata"]["managedFields"].size() == 1);
  CHECK(w.store.at() == at);
  w.apply(web(2), {"a"});
  at = w.store.at();
  CHECK(w.apply(web(3), {.manager = "b", .dry_run = true}).code == 409);
  auto forced = w.apply(web(3), {.manager = "b", .force = true, .dry_run = true});
  CHECK(forced.body["spec"]["replicas"] == 3);
  CHECK(w.store.at() == at);
}

TEST_CASE("apply: a resourceVersion or a uid that is not the object's is a conflict") {
  apply_world w;
  auto first = w.apply(web(2), {"a"});
  auto next = w.apply(web(3), {"a"});
  auto stale = web(4);
  stale["metadata"]["resourceVersion"] = to_string(first.version);
  auto refused = w.apply(stale, {"a"});
  CHECK(refused.code == 409);
  CHECK(refused.message().find("the object has been modified") != std::string::npos);
  stale["metadata"]["resourceVersion"] = to_string(next.version);
  CHECK(w.apply(stale, {"a"}).code == 200);
  auto other = web(4);
  other["metadata"]["uid"] = "not-mine";
  CHECK(w.apply(other, {"a"}).code == 409);
  other["metadata"]["name"] = "new";
  auto lost = w.apply(other, {"a"});
  CHECK(lost.code == 409);
  CHECK(lost.message()
        == "Operation cannot be fulfilled on deployments.apps \"new\": uid mismatch: the provided "
           "object specified uid not-mine, and no existing object was found");
}

TEST_CASE("apply: two that race both come through, one after the other") {
  apply_world w;
  w.meanwhile = [&] { CHECK(w.apply(config_map({{"a", "1"}}), {"a"}).code == 201); };
  auto late = w.apply(config_map({{"b", "2"}}), {"b"});
  CHECK(late.code == 200);
  CHECK(late.body["data"] == json{{"a", "1"}, {"b", "2"}});
  w.meanwhile = [&] { w.apply(config_map({{"a", "2"}}), {"a"}); };
  auto again = w.apply(config_map({{"b", "3"}}), {"b"});
  CHECK(again.body["data"] == json{{"a", "2"}, {"b", "3"}});
}

TEST_CASE("apply: the status is applied apart, and the object's own apply does not touch it") {
  apply_world w;
  auto status = web(2);
  status.erase("spec");
  status["status"] = {{"replicas", 2},
                      {"conditions", json::array({{{"type", "Available"}, {"status", "True"}}})}};
  CHECK(w.apply(status, {.manager = "ctl", .sub = "status"}).code == 404);
  auto with_status = web(2);
  with_status["status"] = {{"replicas", 7}};
  auto made = w.apply(with_status, {"a"});
  CHECK(!made.body.contains("status"));
  auto set = w.apply(status, {.manager = "ctl", .sub = "status"});
  REQUIRE_MESSAGE(set.code == 200, set.text);
  CHECK(set.body["status"]["replicas"] == 2);
  CHECK(set.body["spec"]["replicas"] == 2);
  CHECK(apply_world::owners(set.body)["ctl status"]
        == json::parse(R"({"f:status":{"f:conditions":{"k:{\"type\":\"Available\"}":
             {".":{},"f:status":{},"f:type":{}}},"f:replicas":{}}})"));
  status["status"]["replicas"] = 3;
  auto conflict = w.apply(status, {.manager = "other", .sub = "status"});
  CHECK(conflict.message()
        == "Apply failed with 1 conflict: conflict with \"ctl\" with subresource \"status\": "
           ".status.replicas");
  with_status["status"]["replicas"] = 9;
  auto kept = w.apply(with_status, {"a"});
  CHECK(kept.body["status"]["replicas"] == 2);
  status["status"] = {{"replicas", 4}};
  auto less = w.apply(status, {.manager = "ctl", .sub = "status"});
  CHECK(less.body["status"] == json{{"replicas", 4}});
}

TEST_CASE("apply: a Scale stands for the workload's replicas, owned through the subresource") {
  apply_world w;
  w.apply(web(2), {"a"});
  json scale{{"apiVersion", "autoscaling/v1"},
             {"kind", "Scale"},
             {"metadata", {{"name", "web"}, {"namespace", "default"}}},
             {"spec", {{"replicas", 5}}}};
  auto r = w.applying(web(2), {.manager = "hpa", .sub = "scale"});
  r.body = scale.dump();
  auto refused = w.run(r);
  CHECK(refused.code == 409);
  CHECK(refused.body["details"]["causes"][0]["field"] == ".spec.replicas");
  r.options.force = true;
  auto scaled = w.run(r);
  REQUIRE_MESSAGE(scaled.code == 200, scaled.text);
  CHECK(scaled.body["kind"] == "Scale");
  CHECK(scaled.body["spec"]["replicas"] == 5);
  auto owners = apply_world::owners(w.now_of(web(2)));
  CHECK(owners["hpa scale"] == json::parse(R"({"f:spec":{"f:replicas":{}}})"));
  CHECK(!owners["a"]["f:spec"].contains("f:replicas"));
  CHECK(w.apply(web(2), {"a"}).message()
        == "Apply failed with 1 conflict: conflict with \"hpa\" with subresource \"scale\": "
           ".spec.replicas");
  scale.erase("spec");
  r.body = scale.dump();
  CHECK(w.run(r).body["spec"]["replicas"] == 5); // given up, not scaled down
  CHECK(!apply_world::owners(w.now_of(web(2))).contains("hpa scale"));
}

TEST_CASE("apply: in another version, the owners of each version are kept and heeded") {
  apply_world w;
  auto hpa = json::parse(R"({"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler",
    "metadata":{"name":"h","namespace":"default"},"spec":{"maxReplicas":3,"minReplicas":2,
     "scaleTargetRef":{"kind":"Deployment","name":"d"},"metrics":[{"type":"Resource","resource":
     {"name":"cpu","target":{"type":"Utilization","averageUtilization":50}}}]}})");
  REQUIRE(w.apply(hpa, {"a"}).code == 201);
  auto old = json::parse(R"({"apiVersion":"autoscaling/v1","kind":"HorizontalPodAutoscaler",
    "metadata":{"name":"h","namespace":"default"},"spec":{"maxReplicas":4}})");
  auto refused = w.apply(old, {"b"});
  CHECK(refused.body["details"]["causes"][0]["field"] == ".spec.maxReplicas");
  old["spec"] = {{"targetCPUUtilizationPercentage", 60}};
  auto metrics = w.apply(old, {"b"});
  CHECK(metrics.message() == "Apply failed with 1 conflict: conflict with \"a\": .spec.metrics");
  auto forced = w.apply(old, {"b", true});
  REQUIRE_MESSAGE(forced.code == 200, forced.text);
  auto now = w.now_of(hpa);
  CHECK(now["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 60);
  CHECK(!apply_world::owners(now)["a"]["f:spec"].contains("f:metrics"));
  CHECK(apply_world::owners(now)["b"]["f:spec"].contains("f:targetCPUUtilizationPercentage"));
  hpa["spec"].erase("metrics");
  hpa["spec"].erase("minReplicas");
  auto less = w.apply(hpa, {"a"});
  CHECK(less.body["spec"]["minReplicas"] == 1);
  CHECK(less.body["spec"]["metrics"].size() == 1); // b's, in other words
}

TEST_CASE("apply: kubectl's change from client side to server side wins what client side set") {
  apply_world w;
  auto annotated = web(2);
  annotated["metadata"]["annotations"][last_applied] = web(2).dump() + "\n";
  w.create(annotated, "kubectl-client-side-apply");
  auto next = web(3);
  CHECK(w.apply(next, {"ci"}).code == 409);
  auto moved = w.apply(next, {"kubectl"});
  REQUIRE_MESSAGE(moved.code == 200, moved.text);
  CHECK(moved.body["spec"]["replicas"] == 3);
  CHECK(moved.body["metadata"]["annotations"][last_applied] == next.dump() + "\n");
  w.merge(web(0), {{"spec", {{"replicas", 7}}}}, "scaler");
  auto changed = w.apply(web(4), {"kubectl"}); // what changed since is not client side's any more
  CHECK(changed.code == 409);
  CHECK(changed.body["details"]["causes"][0]["message"]
        == "conflict with \"scaler\" using apps/v1");
}

TEST_CASE("apply: what a node's binding, a delete and an allocation change is nobody's") {
  apply_world w;
  auto pod = pod_named("p");
  pod["metadata"]["namespace"] = "default";
  auto made = w.apply(pod, {"a"});
  auto owners = made.body["metadata"]["managedFields"];
  auto bind = api_world::request(api::verb::create, "", "v1", "pods", "default", "p");
  bind.subresource = "binding";
  bind.body = R"({"apiVersion":"v1","kind":"Binding","metadata":{"name":"p"},)"
              R"("target":{"kind":"Node","name":"n1"}})";
  CHECK(w.run(bind).code == 201);
  CHECK(w.now_of(pod)["spec"]["nodeName"] == "n1");
  CHECK(w.now_of(pod)["metadata"]["managedFields"] == owners);
  w.remove("", "v1", "pods", "default", "p");
  CHECK(w.now_of(pod)["metadata"].contains("deletionTimestamp"));
  CHECK(w.now_of(pod)["metadata"]["managedFields"] == owners);
  CHECK(w.apply(pod, {"a"}).body["spec"]["nodeName"] == "n1");
  auto service = json::parse(R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"s",
    "namespace":"default"},"spec":{"ports":[{"port":80}],"selector":{"app":"web"}}})");
  auto served = w.apply(service, {"a"});
  REQUIRE_MESSAGE(served.code == 201, served.text);
  auto address = served.body["spec"]["clusterIP"];
  CHECK(!apply_world::owners(served.body)["a"]["f:spec"].contains("f:clusterIP"));
  auto at = w.store.at();
  auto again = w.apply(service, {"a"});
  CHECK(again.body["spec"]["clusterIP"] == address);
  CHECK(w.store.at() == at);
}

TEST_CASE("apply: who may not create may not apply what is not there") {
  apply_world w;
  auto r = w.applying(config_map({{"a", "1"}}), {"a"});
  r.from = {.name = "someone", .groups = {"system:authenticated"}, .uid = {}};
  CHECK(w.run(r).code == 403);
  w.apply(config_map({{"a", "1"}}), {"b"});
  CHECK(w.run(r).code == 200); // whether it may patch was asked before
}

} // namespace
} // namespace troupe::pipeline
