// The verbs, one after the other, as a client meets them.
#include "config/api/object.hpp"
#include "tests/support/api_world.hpp"

#include <doctest/doctest.h>

#include <set>

namespace troupe::pipeline {
namespace {

using namespace support;
using api::patch_type;
using api::verb;

TEST_CASE("create: an object gets its system fields, defaults and a version") {
  api_world w;
  auto made = w.post("", "v1", "pods", "default", pod_named("web"));
  REQUIRE_MESSAGE(made.code == 201, made.text);
  const auto& meta = made.body["metadata"];
  CHECK(meta["namespace"] == "default");
  CHECK(meta["uid"].get<std::string>().size() == 36);
  CHECK(meta["creationTimestamp"] == api::format_time(w.now));
  CHECK(meta["generation"] == 1);
  CHECK(meta["resourceVersion"] == to_string(made.version));
  const auto& spec = made.body["spec"];
  CHECK(spec["restartPolicy"] == "Always");
  CHECK(spec["dnsPolicy"] == "ClusterFirst");
  CHECK(spec["schedulerName"] == "default-scheduler");
  CHECK(spec["terminationGracePeriodSeconds"] == 30);
  CHECK(spec["serviceAccountName"] == "default");
  CHECK(spec["priority"] == 0);
  CHECK(spec["tolerations"].size() == 2);
  CHECK(spec["containers"][0]["imagePullPolicy"] == "IfNotPresent");
  CHECK(made.body["status"] == json{{"phase", "Pending"}, {"qosClass", "BestEffort"}});
  CHECK(w.get("", "v1", "pods", "default", "web").body == made.body);
}

TEST_CASE("create: what cannot be is refused in Kubernetes' words") {
  api_world w;
  auto pod = pod_named("web");
  REQUIRE(w.post("", "v1", "pods", "default", pod).code == 201);
  auto again = w.post("", "v1", "pods", "default", pod);
  CHECK(again.code == 409);
  CHECK(again.message() == "pods \"web\" already exists");
  CHECK(again.body["reason"] == "AlreadyExists");
  CHECK(again.body["details"]["kind"] == "pods");
  CHECK(again.body["details"]["name"] == "web");
  auto amount = pod_named("amount");
  amount["spec"]["containers"][0]["resources"] = {{"requests", {{"cpu", "abc"}}}};
  CHECK(w.post("", "v1", "pods", "default", amount).code == 400);
  auto wrong = pod_named("wrong");
  wrong["spec"]["containers"] = json::array();
  auto invalid = w.post("", "v1", "pods", "default", wrong);
  CHECK(invalid.body["details"]["name"] == "wrong");
  CHECK(invalid.body["details"]["kind"] == "Pod");
  auto lost = w.post("", "v1", "pods", "nowhere", pod);
  CHECK(lost.code == 404);
  CHECK(lost.message() == "namespaces \"nowhere\" not found");
  pod["metadata"].erase("name");
  auto nameless = w.post("", "v1", "pods", "default", pod);
  CHECK(nameless.code == 422);
  CHECK(nameless.message()
        == "Pod \"\" is invalid: metadata.name: Required value: name or generateName is required");
  CHECK(nameless.body["details"]["causes"][0]["reason"] == "FieldValueRequired");
  pod["metadata"] = {{"name", "x"}, {"namespace", "other"}};
  CHECK(w.post("", "v1", "pods", "default", pod).message()
        == "the namespace of the provided object does not match the namespace sent on the request");
  auto kind = pod_named("x");
  kind["kind"] = "Service";
  CHECK(w.post("", "v1", "pods", "default", kind).code == 400);
  auto version = pod_named("x");
  version["metadata"]["resourceVersion"] = "7";
  CHECK(w.post("", "v1", "pods", "default", version).message()
        == "resourceVersion should not be set on objects to be created");
  CHECK(w.get("", "v1", "widgets", "default", "x").code == 404);
  CHECK(w.get("", "v1", "pods", "default", "none").message() == "pods \"none\" not found");
}

TEST_CASE("create: unknown fields are an error, a warning or nothing, as asked") {
  api_world w;
  auto pod = pod_named("a");
  pod["spec"]["containers"][0]["imagee"] = "x";
  auto r = api_world::request(verb::create, "", "v1", "pods", "default");
  r.body = pod.dump();
  auto strict = w.run(r);
  CHECK(strict.code == 400);
  CHECK(strict.message()
        == "Pod in version \"v1\" cannot be handled as a Pod: strict decoding error: unknown field "
           "\"spec.containers[0].imagee\"");
  r.options.fields = api::validation::warn;
  auto warned = w.run(r);
  CHECK(warned.code == 201);
  CHECK(warned.warnings == std::vector<std::string>{"unknown field \"spec.containers[0].imagee\""});
  CHECK(!warned.body["spec"]["containers"][0].contains("imagee"));
  pod["metadata"]["name"] = "b";
  r.body = pod.dump();
  r.options.fields = api::validation::ignore;
  CHECK(w.run(r).warnings.empty());
}

TEST_CASE(
  "create: generateName makes names of Kubernetes' alphabet and tries again on a collision") {
  api_world w;
  auto pod = pod_named("");
  pod["metadata"] = {{"generateName", "web-"}};
  std::set<std::string> names;
  for (int i = 0; i < 50; ++i) {
    auto made = w.post("", "v1", "pods", "default", pod);
    REQUIRE(made.code == 201);
    auto name = made.name();
    CHECK(name.size() == 9);
    CHECK(name.substr(4).find_first_not_of("bcdfghjklmnpqrstvwxz2456789") == std::string::npos);
    names.insert(name);
  }
  CHECK(names.size() == 50);
  // another writer takes the very name between the choice and the write
  random_source same = w.random;
  w.meanwhile = [&] {
    auto kept = std::exchange(w.random, same);
    CHECK(w.post("", "v1", "pods", "default", pod).code == 201);
    w.random = kept;
  };
  CHECK(w.post("", "v1", "pods", "default", pod).code == 201);
}

TEST_CASE("update: optimistic concurrency by resourceVersion, generation by spec, no write without "
          "a change") {
  api_world w;
  auto first = w.post("apps", "v1", "deployments", "default", deployment_named("web", 1)).body;
  REQUIRE(first.value("kind", "") == "Deployment");
  auto change = first;
  change["spec"]["replicas"] = 3;
  auto second = w.put("apps", "v1", "deployments", change);
  REQUIRE_MESSAGE(second.code == 200, second.text);
  CHECK(second.body["metadata"]["generation"] == 2);
  CHECK(second.body["metadata"]["uid"] == first["metadata"]["uid"]);
  auto stale = w.put("apps", "v1", "deployments", change);
  CHECK(stale.code == 409);
  CHECK(stale.message()
        == "Operation cannot be fulfilled on deployments.apps \"web\": the object has been "
           "modified; please apply "
           "your changes to the latest version and try again");
  auto at = w.store.at();
  auto same = w.put("apps", "v1", "deployments", second.body);
  CHECK(same.code == 200);
  CHECK(same.body == second.body);
  CHECK(w.store.at() == at);
  auto labels = second.body;
  labels["metadata"]["labels"] = {{"a", "b"}};
  labels["metadata"].erase("resourceVersion"); // unconditional
  auto third = w.put("apps", "v1", "deployments", labels);
  CHECK(third.body["metadata"]["generation"] == 2);
  CHECK(third.version > second.version);
  auto other = third.body;
  other["metadata"]["uid"] = "11111111-1111-4111-8111-111111111111";
  CHECK(w.put("apps", "v1", "deployments", other).code == 409);
}

TEST_CASE("update: a change by another between reading and writing is retried, unless the client "
          "named a version") {
  api_world w;
  auto made = w.post("apps", "v1", "deployments", "default", deployment_named("web", 1)).body;
  auto interfere = [&] {
    CHECK(w.patch("apps", "v1", "deployments", "default", "web", patch_type::merge,
                  {{"metadata", {{"annotations", {{"by", "other"}}}}}})
            .code
          == 200);
  };
  w.meanwhile = interfere;
  auto patched = w.patch("apps", "v1", "deployments", "default", "web", patch_type::merge,
                         {{"spec", {{"replicas", 2}}}});
  CHECK(patched.code == 200);
  CHECK(patched.body["metadata"]["annotations"]["by"] == "other");
  auto change = patched.body;
  change["spec"]["replicas"] = 5;
  w.meanwhile = [&] {
    CHECK(w.patch("apps", "v1", "deployments", "default", "web", patch_type::merge,
                  {{"metadata", {{"annotations", {{"by", "third"}}}}}})
            .code
          == 200);
  };
  CHECK(w.put("apps", "v1", "deployments", change).code == 409);
}

TEST_CASE("update: status is written apart from spec") {
  api_world w;
  auto made = w.post("apps", "v1", "deployments", "default", deployment_named("web", 1)).body;
  made["status"] = {{"replicas", 1}, {"observedGeneration", 1}};
  made["spec"]["replicas"] = 9;
  auto status = w.put("apps", "v1", "deployments", made, "status");
  REQUIRE_MESSAGE(status.code == 200, status.text);
  CHECK(status.body["spec"]["replicas"] == 1);
  CHECK(status.body["status"]["replicas"] == 1);
  CHECK(status.body["metadata"]["generation"] == 1);
  auto spec = status.body;
  spec["status"] = {{"replicas", 77}};
  spec["spec"]["replicas"] = 2;
  auto updated = w.put("apps", "v1", "deployments", spec);
  CHECK(updated.body["status"]["replicas"] == 1);
  CHECK(updated.body["spec"]["replicas"] == 2);
}

TEST_CASE("patch: the three kinds, and what cannot be applied") {
  api_world w;
  w.post("apps", "v1", "deployments", "default", deployment_named("web", 1));
  auto strategic = w.patch("apps", "v1", "deployments", "default", "web", patch_type::strategic,
                           json::parse(R"({"spec":{"template":{"spec":{"containers":[
                             {"name":"side","image":"envoy:1"}]}}}})"));
  REQUIRE_MESSAGE(strategic.code == 200, strategic.text);
  CHECK(strategic.body["spec"]["template"]["spec"]["containers"].size() == 2);
  auto merged = w.patch("apps", "v1", "deployments", "default", "web", patch_type::merge,
                        json::parse(R"({"metadata":{"labels":{"x":"y"}},"spec":{"paused":true}})"));
  CHECK(merged.body["spec"]["paused"] == true);
  auto pointed = w.patch("apps", "v1", "deployments", "default", "web", patch_type::json,
                         json::parse(R"([{"op":"test","path":"/metadata/labels/x","value":"y"},
                                         {"op":"replace","path":"/spec/replicas","value":4}])"));
  CHECK(pointed.body["spec"]["replicas"] == 4);
  auto failed = w.patch("apps", "v1", "deployments", "default", "web", patch_type::json,
                        json::parse(R"([{"op":"test","path":"/spec/replicas","value":5}])"));
  CHECK(failed.code == 422);
  CHECK(
    w.patch("apps", "v1", "deployments", "default", "none", patch_type::merge, json::object()).code
    == 404);
  auto unknown = w.patch("apps", "v1", "deployments", "default", "web", patch_type::merge,
                         {{"spec", {{"repl", 1}}}});
  CHECK(unknown.code == 422);
  CHECK(unknown.message().find("strict decoding error: unknown field \"spec.repl\"")
        != std::string::npos);
  CHECK(w.patch("apps", "v1", "deployments", "default", "web", patch_type::merge,
                {{"spec", {{"replicas", "two"}}}})
          .code
        == 422);
  auto version = json{{"metadata", {{"resourceVersion", "5"}}}};
  CHECK(w.patch("apps", "v1", "deployments", "default", "web", patch_type::merge, version).code
        == 409);
  CHECK(w.patch("apps", "v1", "deployments", "default", "web", patch_type::merge,
                {{"metadata", {{"name", "other"}}}})
          .code
        == 400);
}

TEST_CASE("dry run: everything is checked and shown, nothing is stored") {
  api_world w;
  auto r = api_world::request(verb::create, "", "v1", "pods", "default");
  r.body = pod_named("web").dump();
  r.options.dry_run = true;
  auto at = w.store.at();
  auto shown = w.run(r);
  CHECK(shown.code == 201);
  CHECK(shown.body["spec"]["restartPolicy"] == "Always");
  CHECK(!shown.body["metadata"].contains("resourceVersion"));
  CHECK(w.store.at() == at);
  r.body = R"({"metadata":{"name":"web"},"spec":{}})";
  CHECK(w.run(r).code == 422);
}

TEST_CASE("fence: from outside the leader scope it is refused, a stale one changes nothing") {
  api_world w;
  auto r = api_world::request(verb::create, "", "v1", "pods", "default");
  r.body = pod_named("web").dump();
  r.fence = term_id{7};
  auto e = w.env();
  e.leader_scope = false;
  auto refused = prepare(r, *w.store.view(), e);
  CHECK(std::get<finished>(refused).response.code == 403);
  auto stale = w.run(r); // the memory store is in term 1
  CHECK(stale.code == 503);
  CHECK(w.get("", "v1", "pods", "default", "web").code == 404);
}

TEST_CASE("media: YAML comes in and goes out, Table and partial metadata are made") {
  api_world w;
  auto r = api_world::request(verb::create, "", "v1", "configmaps", "default");
  r.body_as = api::media::yaml;
  r.body = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata:\n  a: \"1\"\n";
  r.answer.as = api::media::yaml;
  auto made = w.run(r);
  CHECK(made.code == 201);
  CHECK(made.text.find("data:\n  a: \"1\"\n") != std::string::npos);
  r.verb = verb::list;
  r.body.clear();
  r.answer = {.as = api::media::json, .transform = api::wanted::transform::table};
  auto table = w.run(r);
  CHECK(table.body["kind"] == "Table");
  CHECK(table.body["rows"].size() == 1);
  CHECK(table.body["rows"][0]["cells"][0] == "c");
  CHECK(table.body["metadata"]["resourceVersion"] == to_string(w.store.at()));
  r.answer.transform = api::wanted::transform::partial_metadata_list;
  auto partial = w.run(r);
  CHECK(partial.body["kind"] == "PartialObjectMetadataList");
  CHECK(partial.body["items"][0]["metadata"]["name"] == "c");
  CHECK(!partial.body["items"][0].contains("data"));
  r.answer = {.as = api::media::protobuf};
  auto wire = w.run(r);
  CHECK(wire.text.substr(0, 4) == std::string("k8s\0", 4));
}

} // namespace
} // namespace troupe::pipeline
