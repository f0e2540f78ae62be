// managedFields through creates, updates and patches.
#include "config/api/object.hpp"
#include "tests/unit/actors/api/pipeline/apply_world.hpp"

#include <doctest/doctest.h>

namespace troupe::pipeline {
namespace {

using namespace support;

TEST_CASE("owners: a create is its manager's, with defaults, without what the server says") {
  apply_world w;
  auto made = w.create(deployment_named("web", 2), "kubectl-create");
  REQUIRE(made.code == 201);
  CHECK(apply_world::owners(made.body) == json::parse(R"({"kubectl-create/Update":{"f:spec":{
     "f:progressDeadlineSeconds":{},"f:replicas":{},"f:revisionHistoryLimit":{},"f:selector":{},
     "f:strategy":{"f:rollingUpdate":{".":{},"f:maxSurge":{},"f:maxUnavailable":{}},"f:type":{}},
     "f:template":{"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{
       "f:containers":{"k:{\"name\":\"main\"}":{".":{},"f:image":{},"f:imagePullPolicy":{},"f:name":{},
         "f:resources":{},"f:terminationMessagePath":{},"f:terminationMessagePolicy":{}}},
       "f:dnsPolicy":{},"f:enableServiceLinks":{},"f:restartPolicy":{},"f:schedulerName":{},"f:securityContext":{},
       "f:terminationGracePeriodSeconds":{}}}}}})"));
}

TEST_CASE("owners: they stand last in the stored metadata and change no other byte") {
  apply_world w;
  w.create(config_map({{"a", "1"}}), "a");
  auto record = w.store.view()->get("/registry/core/configmaps/default/c");
  REQUIRE(record);
  auto owners = api::managed_fields(*record->value);
  CHECK(json::parse(owners).size() == 1);
  auto bare = api::without(*record->value, owners);
  CHECK(bare == api::encode(json::parse(bare)));
  CHECK(*record->value == api::encode(json::parse(bare), owners));
  CHECK(*record->value == api::encode(json::parse(*record->value)));
  CHECK(api::managed_fields(bare).empty());
  CHECK(api::without(bare, {}) == bare);
}

TEST_CASE("owners: a status is recorded apart from the object") {
  apply_world w;
  w.create(deployment_named("web", 2), "kubectl");
  w.now += std::chrono::seconds{1};
  auto patched =
    w.merge(deployment_named("web", 2), {{"status", {{"replicas", 1}}}}, "ctl", "status");
  const auto& entries = patched.body["metadata"]["managedFields"];
  REQUIRE(entries.size() == 2);
  CHECK(entries[1]["subresource"] == "status");
  CHECK(entries[1]["manager"] == "ctl");
  CHECK(entries[1]["fieldsV1"] == json::parse(R"({"f:status":{"f:replicas":{}}})"));
  CHECK(entries[1]["time"] == api::format_time(w.now));
  CHECK(entries[0]["time"] == api::format_time(w.now - std::chrono::seconds{1}));
}

TEST_CASE("owners: who writes is the fieldManager, else what is known of the user") {
  apply_world w;
  auto written_by = [&](const std::string& user, const std::string& manager) {
    auto r = api_world::request(api::verb::create, "", "v1", "configmaps", "default");
    r.from.name = user;
    r.options.field_manager = manager;
    r.body = R"({"metadata":{"generateName":"x"},"data":{"a":"1"}})";
    return w.run(r).body["metadata"]["managedFields"][0]["manager"].get<std::string>();
  };
  CHECK(written_by("u", "mine") == "mine");
  CHECK(written_by("system:troupe:scheduler", "") == "troupe-scheduler");
  CHECK(written_by("system:node:n1", "") == "kubelet");
  CHECK(written_by("u", "") == "unknown");
}

TEST_CASE("owners: a client that sends them back changes nothing") {
  apply_world w;
  w.create(config_map({{"a", "1"}}), "a");
  w.apply(config_map({{"b", "1"}}), {"b"});
  auto now = w.now_of(config_map({}));
  auto at = w.store.at();
  CHECK(w.update(now, "c").body == now);
  CHECK(w.store.at() == at);
  now["metadata"].erase("managedFields"); // nor does one that does not know them
  CHECK(w.update(now, "c").code == 200);
  CHECK(w.store.at() == at);
  now["metadata"]["managedFields"] = json::array(); // an empty list is no order to forget
  CHECK(w.update(now, "c").code == 200);
  CHECK(w.store.at() == at);
  now["metadata"]["managedFields"] = json::array({{{"manager", "x"}}}); // nor is what is none
  CHECK(w.update(now, "c").code == 200);
  CHECK(w.store.at() == at);
  CHECK(w.merge(now, {{"metadata", {{"managedFields", nullptr}}}}, "c").code == 200);
  CHECK(w.store.at() == at);
}

TEST_CASE("owners: one empty entry is the order to forget them, up to the next apply") {
  apply_world w;
  w.create(config_map({{"a", "1"}}), "a");
  auto forgotten = w.merge(config_map({}), json::parse(R"([{"op":"replace","path":
    "/metadata/managedFields","value":[{}]}])"),
                           "c");
  REQUIRE_MESSAGE(forgotten.code == 200, forgotten.text);
  CHECK(!forgotten.body["metadata"].contains("managedFields"));
  auto untracked = w.merge(config_map({}), {{"data", {{"b", "1"}}}}, "c");
  CHECK(!untracked.body["metadata"].contains("managedFields"));
  auto applied = w.apply(config_map({{"a", "1"}}), {"d"});
  CHECK(apply_world::owners(applied.body)
        == json::parse(R"({"before-first-apply/Update":{"f:data":{".":{},"f:a":{},"f:b":{}}},
                           "d":{"f:data":{"f:a":{}}}})"));
}

TEST_CASE("owners: kubectl renames its client-side manager by a JSON patch") {
  apply_world w;
  w.create(config_map({{"a", "1"}}), "kubectl-client-side-apply");
  auto now = w.now_of(config_map({}));
  auto entries = now["metadata"]["managedFields"];
  entries[0]["manager"] = "kubectl";
  entries[0]["operation"] = "Apply";
  auto renamed = w.merge(
    config_map({}),
    json::array({{{"op", "replace"}, {"path", "/metadata/managedFields"}, {"value", entries}},
                 {{"op", "replace"},
                  {"path", "/metadata/resourceVersion"},
                  {"value", now["metadata"]["resourceVersion"]}}}),
    "kubectl");
  REQUIRE_MESSAGE(renamed.code == 200, renamed.text);
  CHECK(renamed.body["metadata"]["managedFields"] == entries);
  auto less = w.apply(config_map({{"b", "1"}}), {"kubectl"});
  CHECK(less.body["data"] == json{{"b", "1"}});
}

TEST_CASE("owners: those sent through a subresource are not believed") {
  apply_world w;
  w.create(deployment_named("web", 2), "a");
  auto now = w.now_of(deployment_named("web", 2));
  auto sent = now;
  sent["metadata"]["managedFields"] = json::array({json::object()});
  sent["status"] = {{"replicas", 1}};
  auto answered = w.update(sent, "ctl", "status");
  CHECK(apply_world::owners(answered.body).contains("a/Update"));
}

TEST_CASE("owners: a manager of a version that is not served any more is forgotten") {
  apply_world w;
  w.create(config_map({{"a", "1"}, {"b", "1"}}), "a");
  auto now = w.now_of(config_map({}));
  now["metadata"]["managedFields"][0]["apiVersion"] = "v0";
  w.update(now, "b");
  auto changed = w.merge(config_map({}), {{"data", {{"b", "2"}}}}, "c");
  CHECK(apply_world::owners(changed.body) == json::parse(R"({"c/Update":{"f:data":{"f:b":{}}}})"));
}

TEST_CASE("owners: more than ten updaters are kept as ten") {
  apply_world w;
  w.create(config_map({{"a", "1"}}), "first");
  for (int i = 0; i < 15; ++i) {
    w.now += std::chrono::seconds{1};
    auto n = std::to_string(i);
    w.merge(config_map({}), {{"data", {{"k" + n, n}}}}, "m" + n);
  }
  auto owners = apply_world::owners(w.now_of(config_map({})));
  CHECK(owners.size() == 10);
  CHECK(owners["ancient-changes/Update"]["f:data"].contains("f:a"));
  CHECK(owners["ancient-changes/Update"]["f:data"].contains("f:k5"));
  CHECK(owners.contains("m6/Update"));
}

TEST_CASE("owners: an update that changes no byte of any kind writes nothing") {
  apply_world w;
  const char* bodies[] = {
    R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","labels":{"a":"b"},"finalizers":["x/y"]},
      "spec":{"containers":[{"name":"m","image":"i:1","ports":[{"containerPort":80}],
      "resources":{"limits":{"cpu":"1000m"}},"livenessProbe":{"httpGet":{"port":80}}}]}})",
    R"({"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"a"},"spec":{"serviceName":"s",
      "selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},
      "spec":{"containers":[{"name":"m","image":"i"}]}},"volumeClaimTemplates":[{"metadata":{"name":"d"},
      "spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}]}})",
    R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},"spec":{"type":"NodePort",
      "selector":{"a":"b"},"ports":[{"name":"x","port":80},{"name":"w","port":81}]}})",
    R"({"apiVersion":"autoscaling/v1","kind":"HorizontalPodAutoscaler","metadata":{"name":"a"},
      "spec":{"maxReplicas":3,"scaleTargetRef":{"kind":"Deployment","name":"d"},
      "targetCPUUtilizationPercentage":5}})",
    R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"},"stringData":{"s":"t"}})",
    R"({"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"a"},
      "spec":{"podSelector":{},"ingress":[{"ports":[{"port":80}]}]}})"};
  for (const char* body : bodies) {
    auto tree = json::parse(body);
    tree["metadata"]["namespace"] = "default";
    INFO(body);
    auto made = w.create(tree, "one");
    REQUIRE_MESSAGE(made.code == 201, made.text);
    w.now += std::chrono::minutes{1};
    auto at = w.store.at();
    auto now = w.now_of(tree);
    CHECK(w.update(now, "two").body == now);
    CHECK(w.merge(tree, json::object(), "two").body == now);
    CHECK(w.merge(tree, json::array(), "two").body == now);
    CHECK(w.store.at() == at);
  }
}

} // namespace
} // namespace troupe::pipeline
