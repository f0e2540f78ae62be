// HorizontalPodAutoscalers of v2 seen in v1, annotation by annotation as Kubernetes writes them.
#include "config/versions/versions.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace troupe::versions {
namespace {

using json = nlohmann::json;

json in(const char* version, json tree) {
  convert(tree, *schema::built_in()->find("autoscaling", version, "horizontalpodautoscalers"));
  return tree;
}

json with_spec(const char* version, const char* spec) {
  return {{"apiVersion", std::string{"autoscaling/"} + version},
          {"kind", "HorizontalPodAutoscaler"},
          {"metadata", {{"name", "h"}}},
          {"spec", json::parse(spec)}};
}

json annotation(const json& tree, const std::string& name) {
  auto all = tree["metadata"].value("annotations", json::object());
  auto text = all.value("autoscaling.alpha.kubernetes.io/" + name, "null");
  return json::parse(text);
}

/// A metric that v1 has no field for, in v2's and in v1's words.
struct metric_case {
  const char* name;
  const char* v2;
  const char* v1;
};

constexpr metric_case metric_cases[] = {
  {"a resource's average", R"({"type":"Resource","resource":{"name":"memory",
     "target":{"type":"AverageValue","averageValue":"1Gi"}}})",
   R"({"type":"Resource","resource":{"name":"memory","targetAverageValue":"1Gi"}})"},
  {"another resource's utilization", R"({"type":"Resource","resource":{"name":"memory",
     "target":{"type":"Utilization","averageUtilization":70}}})",
   R"({"type":"Resource","resource":{"name":"memory","targetAverageUtilization":70}})"},
  {"one container's resource", R"({"type":"ContainerResource","containerResource":{"name":"cpu",
     "container":"app","target":{"type":"Utilization","averageUtilization":60}}})",
   R"({"type":"ContainerResource","containerResource":{"name":"cpu","container":"app",
     "targetAverageUtilization":60}})"},
  {"pods", R"({"type":"Pods","pods":{"metric":{"name":"qps","selector":{"matchLabels":{"a":"b"}}},
     "target":{"type":"AverageValue","averageValue":"100m"}}})",
   R"({"type":"Pods","pods":{"metricName":"qps","selector":{"matchLabels":{"a":"b"}},
     "targetAverageValue":"100m"}})"},
  {"an object's value", R"({"type":"Object","object":{"metric":{"name":"hits"},
     "describedObject":{"kind":"Service","name":"s","apiVersion":"v1"},
     "target":{"type":"Value","value":"10k"}}})",
   R"({"type":"Object","object":{"metricName":"hits","target":{"kind":"Service","name":"s",
     "apiVersion":"v1"},"targetValue":"10k"}})"},
  {"an object's average", R"({"type":"Object","object":{"metric":{"name":"hits"},
     "describedObject":{"kind":"Service","name":"s"},
     "target":{"type":"AverageValue","averageValue":"5"}}})",
   R"({"type":"Object","object":{"metricName":"hits","target":{"kind":"Service","name":"s"},
     "averageValue":"5"}})"},
  {"an external value", R"({"type":"External","external":{"metric":{"name":"q",
     "selector":{"matchLabels":{"q":"r"}}},"target":{"type":"Value","value":"30"}}})",
   R"({"type":"External","external":{"metricName":"q","metricSelector":{"matchLabels":{"q":"r"}},
     "targetValue":"30"}})"},
  {"an external average", R"({"type":"External","external":{"metric":{"name":"q"},
     "target":{"type":"AverageValue","averageValue":"3"}}})",
   R"({"type":"External","external":{"metricName":"q","targetAverageValue":"3"}})"},
};

TEST_CASE("autoscaler: v1 keeps each kind of metric in an annotation, in its own words") {
  for (const auto& c : metric_cases) {
    INFO(std::string{c.name});
    auto v2 = with_spec("v2", R"({"maxReplicas":3})");
    v2["spec"]["metrics"] = json::array({json::parse(c.v2)});
    auto v1 = in("v1", v2);
    CHECK(annotation(v1, "metrics") == json::array({json::parse(c.v1)}));
    CHECK(v1["spec"] == json{{"maxReplicas", 3}});
    CHECK(in("v2", v1) == v2);
  }
}

TEST_CASE("autoscaler: the cpu's utilization is v1's own field, and comes last in v2") {
  auto v2 = with_spec("v2", R"({"maxReplicas":3,"metrics":[
    {"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":50}}},
    {"type":"Pods","pods":{"metric":{"name":"m"},"target":{"type":"AverageValue","averageValue":"1"}}}]})");
  auto v1 = in("v1", v2);
  CHECK(v1["spec"]["targetCPUUtilizationPercentage"] == 50);
  CHECK(annotation(v1, "metrics").size() == 1);
  auto back = in("v2", v1);
  CHECK(back["spec"]["metrics"]
        == json::array({v2["spec"]["metrics"][1], v2["spec"]["metrics"][0]}));
  CHECK(!back["metadata"].contains("annotations"));
  CHECK(in("v2", in("v1", back)) == back);
}

TEST_CASE("autoscaler: the behavior's annotation has the names of Go's fields") {
  auto v2 = with_spec("v2", R"({"maxReplicas":3,"behavior":{"scaleDown":{"selectPolicy":"Min",
    "stabilizationWindowSeconds":300,"policies":[{"type":"Pods","value":4,"periodSeconds":60}]}}})");
  auto v1 = in("v1", v2);
  CHECK(annotation(v1, "behavior") == json::parse(R"({"ScaleDown":{"SelectPolicy":"Min",
    "StabilizationWindowSeconds":300,"Policies":[{"Type":"Pods","Value":4,"PeriodSeconds":60}]}})"));
  CHECK(in("v2", v1) == v2);
  v1["metadata"]["annotations"]["autoscaling.alpha.kubernetes.io/behavior"] =
    R"({"ScaleUp":null,"ScaleDown":{"SelectPolicy":"Min","StabilizationWindowSeconds":300,
        "Policies":[{"Type":"Pods","Value":4,"PeriodSeconds":60}],"Tolerance":null}})";
  CHECK(in("v2", v1) == v2);
}

TEST_CASE("autoscaler: conditions and current metrics are kept in annotations of the status") {
  auto v2 = with_spec("v2", R"({"maxReplicas":3})");
  v2["status"] = json::parse(R"({"desiredReplicas":2,"currentReplicas":2,
    "conditions":[{"type":"AbleToScale","status":"True","reason":"R","message":"m",
      "lastTransitionTime":"2026-11-22T16:41:34Z"}],
    "currentMetrics":[{"type":"Resource","resource":{"name":"cpu",
      "current":{"averageUtilization":40,"averageValue":"400m"}}}]})");
  auto v1 = in("v1", v2);
  CHECK(v1["status"]
        == json::parse(
          R"({"desiredReplicas":2,"currentReplicas":2,"currentCPUUtilizationPercentage":40})"));
  CHECK(annotation(v1, "conditions") == v2["status"]["conditions"]);
  CHECK(annotation(v1, "current-metrics") == json::parse(R"([{"type":"Resource","resource":
    {"name":"cpu","currentAverageUtilization":40,"currentAverageValue":"400m"}}])"));
  CHECK(in("v2", v1) == v2);
}

TEST_CASE("autoscaler: annotations that say nothing sensible are ignored, and do not stay") {
  const char* odd[] = {"",
                       "[",
                       "{}",
                       "5",
                       "[5]",
                       R"([{"type":7}])",
                       R"([{"resource":[]}])",
                       R"([{"type":"Pods","pods":{"targetAverageValue":{}}}])",
                       R"(["a"])"};
  for (const char* text : odd)
    for (const char* name : {"metrics", "behavior", "current-metrics", "conditions"}) {
      INFO(std::string{name} << " " << std::string{text});
      auto v1 = with_spec("v1", R"({"maxReplicas":3,"targetCPUUtilizationPercentage":9})");
      v1["metadata"]["annotations"]["autoscaling.alpha.kubernetes.io/" + std::string{name}] = text;
      v1["metadata"]["annotations"]["mine"] = "stays";
      auto v2 = in("v2", v1);
      CHECK(v2["metadata"]["annotations"] == json{{"mine", "stays"}});
      CHECK(v2["spec"]["metrics"].size() == 1);
      CHECK(v2["spec"].value("behavior", json::object()).empty());
    }
}

TEST_CASE("autoscaler: an applied part of one becomes a part of the other") {
  for (const char* spec : {R"({"maxReplicas":null})", R"({"metrics":null})", "{}", "null"}) {
    auto v2 = with_spec("v2", spec);
    v2.erase("metadata");
    auto v1 = in("v1", v2);
    CHECK(v1["apiVersion"] == "autoscaling/v1");
    CHECK(in("v2", v1)["kind"] == "HorizontalPodAutoscaler");
  }
}

} // namespace
} // namespace troupe::versions
