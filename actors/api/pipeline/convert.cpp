#include "actors/api/pipeline/convert.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <utility>

namespace troupe::pipeline {
namespace {

using json = nlohmann::json;
using names = std::pair<const char*, const char*>;

void rename(json& tree, const char* from, const char* to) {
  if (auto at = tree.find(from); at != tree.end()) {
    auto value = std::move(*at);
    tree.erase(at);
    tree[to] = std::move(value);
  }
}

// core/v1 Event and events.k8s.io/v1 Event are one kind under two sets of names.
constexpr std::array<names, 7> event_names{{{"involvedObject", "regarding"},
                                            {"message", "note"},
                                            {"source", "deprecatedSource"},
                                            {"firstTimestamp", "deprecatedFirstTimestamp"},
                                            {"lastTimestamp", "deprecatedLastTimestamp"},
                                            {"count", "deprecatedCount"},
                                            {"reportingComponent", "reportingController"}}};

void convert_event(json& tree, bool to_core) {
  for (auto [core, events] : event_names)
    rename(tree, to_core ? events : core, to_core ? core : events);
}

// HorizontalPodAutoscaler: v1 has one number where v2 has a list of metrics. What v1 cannot say is
// kept in the annotation that Kubernetes uses for it.
constexpr auto metrics_annotation = "autoscaling.alpha.kubernetes.io/metrics";
constexpr auto behavior_annotation = "autoscaling.alpha.kubernetes.io/behavior";

bool is_plain_cpu(const json& metric) {
  return metric.value("type", "") == "Resource" && metric.contains("resource")
         && metric["resource"].value("name", "") == "cpu"
         && metric["resource"].value("target", json::object()).value("type", "") == "Utilization";
}

void autoscaler_to_v1(json& tree) {
  auto& spec = tree["spec"];
  if (!spec.is_object()) // on its way, an apply may have taken it away
    spec = json::object();
  auto others = json::array();
  for (const auto& metric : spec.value("metrics", json::array()))
    if (is_plain_cpu(metric) && !spec.contains("targetCPUUtilizationPercentage"))
      spec["targetCPUUtilizationPercentage"] =
        metric["resource"]["target"].value("averageUtilization", 0);
    else
      others.push_back(metric);
  auto& annotations = tree["metadata"]["annotations"];
  if (!others.empty())
    annotations[metrics_annotation] = others.dump();
  if (spec.contains("behavior"))
    annotations[behavior_annotation] = spec["behavior"].dump();
  if (annotations.is_null())
    tree["metadata"].erase("annotations");
  spec.erase("metrics");
  spec.erase("behavior");
  if (auto status = tree.find("status"); status != tree.end()) {
    for (const auto& metric : status->value("currentMetrics", json::array()))
      if (metric.value("type", "") == "Resource" && metric.contains("resource")
          && metric["resource"].contains("current")
          && metric["resource"]["current"].contains("averageUtilization"))
        (*status)["currentCPUUtilizationPercentage"] =
          metric["resource"]["current"]["averageUtilization"];
    status->erase("currentMetrics");
    status->erase("conditions");
  }
}

json kept(json& tree, const char* annotation) {
  auto meta = tree.find("metadata");
  if (meta == tree.end() || !meta->contains("annotations") || !(*meta)["annotations"].is_object())
    return json();
  auto& annotations = (*meta)["annotations"];
  auto at = annotations.find(annotation);
  if (at == annotations.end() || !at->is_string())
    return json();
  auto value = json::parse(at->get_ref<const std::string&>(), nullptr, false);
  annotations.erase(at);
  if (annotations.empty())
    meta->erase("annotations");
  return value.is_discarded() ? json() : value;
}

void autoscaler_to_v2(json& tree) {
  auto& spec = tree["spec"];
  if (!spec.is_object()) // on its way, an apply may have taken it away
    spec = json::object();
  auto metrics = kept(tree, metrics_annotation);
  if (!metrics.is_array())
    metrics = json::array();
  if (auto at = spec.find("targetCPUUtilizationPercentage"); at != spec.end()) {
    metrics.insert(metrics.begin(),
                   json{{"type", "Resource"},
                        {"resource",
                         {{"name", "cpu"},
                          {"target", {{"type", "Utilization"}, {"averageUtilization", *at}}}}}});
    spec.erase(at);
  }
  if (!metrics.empty())
    spec["metrics"] = std::move(metrics);
  if (auto behavior = kept(tree, behavior_annotation); behavior.is_object())
    spec["behavior"] = std::move(behavior);
  if (auto status = tree.find("status"); status != tree.end())
    if (auto at = status->find("currentCPUUtilizationPercentage"); at != status->end()) {
      (*status)["currentMetrics"] = json::array(
        {{{"type", "Resource"},
          {"resource",
           {{"name", "cpu"}, {"current", {{"averageUtilization", *at}, {"averageValue", "0"}}}}}}});
      status->erase(at);
    }
}

} // namespace

const schema::resource& storage_version(const schema::catalog& catalog,
                                        const schema::resource& of) {
  if (of.group == "events.k8s.io" && of.plural == "events")
    if (const auto* core = catalog.find("", "v1", "events"))
      return *core;
  for (const auto* r : catalog.resources())
    if (r->group == of.group && r->plural == of.plural)
      return *r;
  return of;
}

void convert(json& tree, const schema::resource& to) {
  auto wanted = to.api_version();
  auto have = tree.value("apiVersion", "");
  if (have == wanted)
    return;
  if (to.kind == "Event")
    convert_event(tree, to.group.empty());
  else if (to.group == "autoscaling" && to.kind == "HorizontalPodAutoscaler")
    to.version == "v1" ? autoscaler_to_v1(tree) : autoscaler_to_v2(tree);
  tree["apiVersion"] = std::move(wanted);
  tree["kind"] = std::string{to.kind};
}

} // namespace troupe::pipeline
