// Kinds with several versions, seen by clients that speak different ones.
#include "actors/api/pipeline/answer.hpp"
#include "tests/unit/actors/api/pipeline/apply_world.hpp"

#include <doctest/doctest.h>

namespace troupe::support {
namespace {

constexpr auto hpas = "horizontalpodautoscalers";

json hpa_v2() {
  return json::parse(R"({"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler",
    "metadata":{"name":"h","namespace":"default"},"spec":{"maxReplicas":4,
     "scaleTargetRef":{"kind":"Deployment","name":"d","apiVersion":"apps/v1"},"metrics":[
      {"type":"Pods","pods":{"metric":{"name":"qps"},"target":{"type":"AverageValue","averageValue":"9"}}},
      {"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":50}}}]}})");
}

json claim(const char* version, const char* request) {
  json out{{"apiVersion", std::string{"resource.k8s.io/"} + version},
           {"kind", "ResourceClaim"},
           {"metadata", {{"name", "c"}, {"namespace", "default"}}}};
  out["spec"]["devices"]["requests"] = json::array({json::parse(request)});
  return out;
}

json event() {
  return json::parse(R"({"apiVersion":"events.k8s.io/v1","kind":"Event",
    "metadata":{"name":"e","namespace":"default"},"eventTime":"2026-11-22T16:41:34.000000Z",
    "note":"hello","reason":"R","action":"A","type":"Normal","reportingController":"c.example.com/x",
    "reportingInstance":"i","regarding":{"kind":"Pod","name":"p","namespace":"default"}})");
}

TEST_CASE("versions: defaults are the same whatever the version that an object is written in") {
  apply_world w;
  auto v1 = json::parse(R"({"apiVersion":"autoscaling/v1","kind":"HorizontalPodAutoscaler",
    "metadata":{"name":"h","namespace":"default"},"spec":{"maxReplicas":4,
     "scaleTargetRef":{"kind":"Deployment","name":"d"}}})");
  auto made = w.create(v1, "me");
  REQUIRE_MESSAGE(made.code == 201, made.text);
  CHECK(made.body["spec"]["minReplicas"] == 1);
  CHECK(made.body["spec"]["targetCPUUtilizationPercentage"] == 80);
  auto v2 = w.get("autoscaling", "v2", hpas, "default", "h").body;
  CHECK(v2["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 80);
}

TEST_CASE("versions: an object is judged by the rules of the stored version in all") {
  apply_world w;
  auto v1 = json::parse(R"({"apiVersion":"autoscaling/v1","kind":"HorizontalPodAutoscaler",
    "metadata":{"name":"h","namespace":"default"},"spec":{"maxReplicas":1,"minReplicas":5,
     "scaleTargetRef":{"kind":"Deployment","name":"d"}}})");
  auto refused = w.create(v1, "me");
  CHECK(refused.code == 422);
  CHECK(refused.body["details"]["causes"][0]["field"] == "spec.maxReplicas");
}

TEST_CASE("versions: a patch in one version changes an object that is stored in another") {
  apply_world w;
  REQUIRE(w.create(hpa_v2(), "me").code == 201);
  auto v1 = w.patch("autoscaling", "v1", hpas, "default", "h", api::patch_type::merge,
                    {{"spec", {{"targetCPUUtilizationPercentage", 70}}}});
  REQUIRE_MESSAGE(v1.code == 200, v1.text);
  CHECK(v1.body["apiVersion"] == "autoscaling/v1");
  auto v2 = w.get("autoscaling", "v2", hpas, "default", "h").body;
  REQUIRE(v2["spec"]["metrics"].size() == 2);
  CHECK(v2["spec"]["metrics"][0] == hpa_v2()["spec"]["metrics"][0]);
  CHECK(v2["spec"]["metrics"][1]["resource"]["target"]["averageUtilization"] == 70);
  CHECK(v2["metadata"]["generation"] == 2);
  CHECK(!v2["metadata"].contains("annotations"));
}

TEST_CASE("versions: what v1 keeps in annotations counts as spec: its change is a new generation") {
  apply_world w;
  REQUIRE(w.create(hpa_v2(), "me").code == 201);
  auto v1 = w.get("autoscaling", "v1", hpas, "default", "h").body;
  v1["metadata"]["annotations"]["autoscaling.alpha.kubernetes.io/metrics"] =
    R"([{"type":"Pods","pods":{"metricName":"qps","targetAverageValue":"10"}}])";
  auto written = w.update(v1, "old");
  REQUIRE_MESSAGE(written.code == 200, written.text);
  CHECK(written.body["metadata"]["generation"] == 2);
}

TEST_CASE("versions: requests of v1beta1 are those of v1 without a level") {
  apply_world w;
  auto made = w.create(claim("v1beta1", R"({"name":"r","deviceClassName":"gpu","count":2,
    "allocationMode":"ExactCount"})"),
                       "me");
  REQUIRE_MESSAGE(made.code == 201, made.text);
  CHECK(
    made.warnings
    == std::vector<std::string>{"resource.k8s.io/v1beta1 ResourceClaim is deprecated in v1.35+, "
                                "unavailable in v1.38+; use resource.k8s.io/v1 ResourceClaim"});
  for (const char* version : {"v1", "v1beta2"}) {
    auto now = w.get("resource.k8s.io", version, "resourceclaims", "default", "c").body;
    CHECK(now["spec"]["devices"]["requests"][0]["exactly"]["deviceClassName"] == "gpu");
    CHECK(now["spec"]["devices"]["requests"][0]["exactly"]["count"] == 2);
  }
}

TEST_CASE("versions: who applies in one version is asked about in another's words") {
  apply_world w;
  REQUIRE(w.apply(claim("v1beta1", R"({"name":"r","deviceClassName":"gpu"})"), {"a"}).code == 201);
  auto other = w.apply(claim("v1", R"({"name":"r","exactly":{"deviceClassName":"fpga"}})"), {"b"});
  CHECK(other.code == 409);
  CHECK(other.message().find("conflict with \"a\"") != std::string::npos);
  auto owners = w.get("resource.k8s.io", "v1", "resourceclaims", "default", "c")
                  .body["metadata"]["managedFields"];
  REQUIRE(owners.size() == 1);
  CHECK(owners[0]["apiVersion"] == "resource.k8s.io/v1beta1");
}

TEST_CASE("versions: what an applier gives up in one version stays while another owns it in its") {
  apply_world w;
  auto v2 = hpa_v2();
  v2["spec"]["metrics"].erase(0);
  REQUIRE(w.apply(v2, {"a"}).code == 201);
  auto v1 = json::parse(R"({"apiVersion":"autoscaling/v1","kind":"HorizontalPodAutoscaler",
    "metadata":{"name":"h","namespace":"default"},"spec":{"targetCPUUtilizationPercentage":50}})");
  auto shared = w.apply(v1, {"b"});
  REQUIRE_MESSAGE(shared.code == 200, shared.text);
  v2["spec"].erase("metrics");
  auto kept = w.apply(v2, {"a"});
  REQUIRE_MESSAGE(kept.code == 200, kept.text);
  REQUIRE(kept.body["spec"]["metrics"].size() == 1);
  CHECK(kept.body["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 50);
  v1["spec"] = json::object();
  CHECK(w.apply(v1, {"b"}).body["spec"]["targetCPUUtilizationPercentage"] == 80); // the default
}

TEST_CASE("versions: lists, watches and deletes speak the version that was asked for") {
  apply_world w;
  REQUIRE(w.create(hpa_v2(), "me").code == 201);
  auto list = w.list("autoscaling", "v1", hpas, "default").body;
  CHECK(list["kind"] == "HorizontalPodAutoscalerList");
  CHECK(list["apiVersion"] == "autoscaling/v1");
  CHECK(list["items"][0]["spec"]["targetCPUUtilizationPercentage"] == 50);
  auto r = api_world::request(api::verb::watch, "autoscaling", "v1", hpas, "default");
  auto step = w.step_of(r);
  auto& plan = std::get<pipeline::watch_plan>(step);
  auto record = w.store.view()->get("/registry/autoscaling/horizontalpodautoscalers/default/h");
  REQUIRE(record);
  auto change = pipeline::see({.at = record->modified, .now = record, .before = nullptr});
  REQUIRE(change);
  plan.start = revision{};
  auto seen = pipeline::event_of(*change, plan);
  REQUIRE(seen);
  auto line = json::parse(pipeline::encode_event(*seen, plan));
  CHECK(line["object"]["apiVersion"] == "autoscaling/v1");
  CHECK(line["object"]["spec"]["targetCPUUtilizationPercentage"] == 50);
  auto gone = w.remove("autoscaling", "v1", hpas, "default", "h");
  CHECK(gone.code == 200);
}

TEST_CASE("versions: a Table has the same cells in every version") {
  apply_world w;
  REQUIRE(w.create(hpa_v2(), "me").code == 201);
  REQUIRE(w.create(event(), "me").code == 201);
  auto cells = [&](const char* group, const char* version, const char* plural) {
    auto r = api_world::request(api::verb::list, group, version, plural, "default");
    r.answer.transform = api::wanted::transform::table;
    auto out = w.run(r).body;
    REQUIRE(out["rows"].size() == 1);
    return json{out["columnDefinitions"], out["rows"][0]["cells"]};
  };
  CHECK(cells("autoscaling", "v1", hpas) == cells("autoscaling", "v2", hpas));
  CHECK(cells("events.k8s.io", "v1", "events") == cells("", "v1", "events"));
  CHECK(cells("autoscaling", "v1", hpas)[1][2] == "<unknown>/9, cpu: <unknown>/50%");
}

TEST_CASE(
  "versions: PartialObjectMetadata is the stored object's, without annotations of a version") {
  apply_world w;
  REQUIRE(w.create(hpa_v2(), "me").code == 201);
  auto r = api_world::request(api::verb::get, "autoscaling", "v1", hpas, "default", "h");
  r.answer.transform = api::wanted::transform::partial_metadata;
  auto meta = w.run(r).body["metadata"];
  CHECK(meta["name"] == "h");
  CHECK(!meta.contains("annotations"));
}

TEST_CASE("versions: fields of an event are selected by the names of the version asked for") {
  apply_world w;
  REQUIRE(w.create(event(), "me").code == 201);
  auto count = [&](const char* group, const char* selector) {
    return w.list(group, "v1", "events", "default", {.field_selector = selector})
      .body.value("items", json::array())
      .size();
  };
  CHECK(count("events.k8s.io", "regarding.name=p") == 1);
  CHECK(count("events.k8s.io", "regarding.name=q") == 0);
  CHECK(count("", "involvedObject.name=p") == 1);
}

} // namespace
} // namespace troupe::support
