// HorizontalPodAutoscaler between autoscaling/v1 and v2, as Kubernetes converts it
// (pkg/apis/autoscaling/v1/conversion.go): the annotations hold metrics in v1's own form and the
// behavior with capital letters.
#include "config/schema/walk.hpp"
#include "config/versions/rows.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace troupe::versions {
namespace {

using json = nlohmann::json;

constexpr auto metrics_annotation = "autoscaling.alpha.kubernetes.io/metrics";
constexpr auto behavior_annotation = "autoscaling.alpha.kubernetes.io/behavior";
constexpr auto current_metrics_annotation = "autoscaling.alpha.kubernetes.io/current-metrics";
constexpr auto conditions_annotation = "autoscaling.alpha.kubernetes.io/conditions";

constexpr auto target_percentage = "targetCPUUtilizationPercentage";
constexpr auto current_percentage = "currentCPUUtilizationPercentage";

/// A kind of metric as v1 writes it (in annotations only) and as v2 does.
struct source {
  const char* name;
  std::span<const move> moves;
};

constexpr std::array<move, 2> resource_goal{
  {{"targetAverageUtilization", "target.averageUtilization"},
   {"targetAverageValue", "target.averageValue"}}};
constexpr std::array<move, 3> pods_goal{{{"metricName", "metric.name"},
                                         {"selector", "metric.selector"},
                                         {"targetAverageValue", "target.averageValue"}}};
constexpr std::array<move, 5> object_goal{{{"target", "describedObject"},
                                           {"metricName", "metric.name"},
                                           {"selector", "metric.selector"},
                                           {"targetValue", "target.value"},
                                           {"averageValue", "target.averageValue"}}};
constexpr std::array<move, 4> external_goal{{{"metricName", "metric.name"},
                                             {"metricSelector", "metric.selector"},
                                             {"targetValue", "target.value"},
                                             {"targetAverageValue", "target.averageValue"}}};
constexpr std::array<source, 5> goals{{{"resource", resource_goal},
                                       {"containerResource", resource_goal},
                                       {"pods", pods_goal},
                                       {"object", object_goal},
                                       {"external", external_goal}}};

constexpr std::array<move, 2> resource_state{
  {{"currentAverageUtilization", "current.averageUtilization"},
   {"currentAverageValue", "current.averageValue"}}};
constexpr std::array<move, 3> pods_state{{{"metricName", "metric.name"},
                                          {"selector", "metric.selector"},
                                          {"currentAverageValue", "current.averageValue"}}};
constexpr std::array<move, 5> object_state{{{"target", "describedObject"},
                                            {"metricName", "metric.name"},
                                            {"selector", "metric.selector"},
                                            {"currentValue", "current.value"},
                                            {"averageValue", "current.averageValue"}}};
constexpr std::array<move, 4> external_state{{{"metricName", "metric.name"},
                                              {"metricSelector", "metric.selector"},
                                              {"currentValue", "current.value"},
                                              {"currentAverageValue", "current.averageValue"}}};
constexpr std::array<source, 5> states{{{"resource", resource_state},
                                        {"containerResource", resource_state},
                                        {"pods", pods_state},
                                        {"object", object_state},
                                        {"external", external_state}}};

/// A member that is an object or a list; null where there is none.
const json& part(const json& of, const char* key) {
  static const json nothing;
  if (!of.is_object())
    return nothing;
  auto at = of.find(key);
  return at != of.end() && at->is_structured() ? *at : nothing;
}

std::string text(const json& of, const char* key) {
  auto at = of.is_object() ? of.find(key) : of.end();
  return of.is_object() && at != of.end() && at->is_string() ? at->get<std::string>() : "";
}

/// What a target compares, which v1 leaves to be seen.
const char* target_type(std::string_view source, const json& target) {
  auto has = [&](const char* key) { return target.contains(key) && !target[key].is_null(); };
  if (has("averageUtilization"))
    return "Utilization";
  if (source == "object")
    return has("averageValue") ? "AverageValue" : "Value";
  return source == "external" && has("value") ? "Value" : "AverageValue";
}

void goal_to_v2(json& metric) {
  for (const auto& s : goals)
    if (auto at = metric.find(s.name); at != metric.end() && at->is_object()) {
      move_to_hub(*at, s.moves);
      auto& target = (*at)["target"];
      if (target.is_null())
        target = json::object();
      if (target.is_object())
        target["type"] = target_type(s.name, target);
    }
}

void goal_to_v1(json& metric) {
  for (const auto& s : goals)
    if (auto at = metric.find(s.name); at != metric.end() && at->is_object()) {
      if (auto target = at->find("target"); target != at->end() && target->is_object())
        target->erase("type");
      move_from_hub(*at, s.moves);
    }
}

void state_to_v2(json& metric) {
  for (const auto& s : states)
    if (auto at = metric.find(s.name); at != metric.end() && at->is_object())
      move_to_hub(*at, s.moves);
}

void state_to_v1(json& metric) {
  for (const auto& s : states)
    if (auto at = metric.find(s.name); at != metric.end() && at->is_object())
      move_from_hub(*at, s.moves);
}

/// The behavior's annotation has the names of Go's fields.
json with_first_letters(const json& tree, int (*change)(int)) {
  if (!tree.is_structured())
    return tree;
  auto out = tree.is_array() ? json::array() : json::object();
  for (const auto& [key, value] : tree.items()) {
    if (tree.is_array()) {
      out.push_back(with_first_letters(value, change));
    } else if (!value.is_null() && !key.empty()) {
      auto name = key;
      name[0] = static_cast<char>(change(static_cast<unsigned char>(name[0])));
      out[name] = with_first_letters(value, change);
    }
  }
  return out;
}

/// Whether a tree is what its type in v2 says; brings it into its stored form.
bool fits(const char* type_name, json& tree) {
  const auto* of =
    schema::built_in()->definition(std::string{"io.k8s.api.autoscaling.v2."} + type_name);
  if (!of || !tree.is_object() || !schema::check_types(*of, tree, 1).empty())
    return false;
  schema::prune(*of, tree);
  schema::normalize(*of, tree);
  return true;
}

/// The annotations of ours, taken off the object.
class annotations {
public:
  explicit annotations(json& tree) : meta_(tree["metadata"]) {}

  /// Null when there is none, or none that can be read.
  json take(const char* name) {
    auto all = meta_.is_object() ? meta_.find("annotations") : meta_.end();
    if (!meta_.is_object() || all == meta_.end() || !all->is_object())
      return {};
    auto at = all->find(name);
    if (at == all->end())
      return {};
    auto out =
      at->is_string() ? json::parse(at->get_ref<const std::string&>(), nullptr, false) : json{};
    all->erase(at);
    if (all->empty())
      meta_.erase(all);
    return out.is_discarded() ? json{} : out;
  }

  /// A list, each entry in v2's form; null when it is none.
  json take_list(const char* name, const char* type_name, void (*entry_to_v2)(json&)) {
    auto list = take(name);
    if (!list.is_array())
      return {};
    for (auto& entry : list) {
      if (!entry.is_object())
        return {};
      if (entry_to_v2)
        entry_to_v2(entry);
      if (!fits(type_name, entry))
        return {};
    }
    return list;
  }

  void put(const char* name, const json& value) {
    if (!meta_.is_object())
      meta_ = json::object();
    auto& all = meta_["annotations"];
    if (!all.is_object())
      all = json::object();
    all[name] = value.dump(-1, ' ', false, json::error_handler_t::replace);
  }

  void drop() {
    for (const char* name : {metrics_annotation, behavior_annotation, current_metrics_annotation,
                             conditions_annotation})
      take(name);
    if (meta_.is_null())
      meta_ = json::object();
  }

private:
  json& meta_;
};

json cpu_metric(const char* of, json value) {
  auto resource = json{{"name", "cpu"}};
  resource[of]["averageUtilization"] = std::move(value);
  if (std::string_view{of} == "target")
    resource[of]["type"] = "Utilization";
  return {{"type", "Resource"}, {"resource", std::move(resource)}};
}

/// averageUtilization of a metric of the resource cpu; null when it is none or has none.
json cpu_percentage(const json& metric, const char* of) {
  const auto& resource = part(metric, "resource");
  if (text(metric, "type") != "Resource" || text(resource, "name") != "cpu")
    return {};
  const auto& value = part(resource, of);
  return value.is_object() ? value.value("averageUtilization", json()) : json();
}

bool is_cpu(const json& metric) {
  return text(metric, "type") == "Resource" && text(part(metric, "resource"), "name") == "cpu";
}

json take(json& object, const char* key) {
  if (!object.is_object() || !object.contains(key))
    return {};
  auto out = std::move(object[key]);
  object.erase(key);
  return out;
}

void spec_to_v1(json& spec, annotations& kept) {
  auto metrics = take(spec, "metrics");
  auto others = json::array();
  auto first_cpu = true;
  for (auto& metric : metrics.is_array() ? metrics : json::array()) {
    auto percentage = cpu_percentage(metric, "target");
    if (is_cpu(metric) && std::exchange(first_cpu, false) && !percentage.is_null())
      spec[target_percentage] = percentage;
    if (!percentage.is_null() || !metric.is_object())
      continue;
    goal_to_v1(metric);
    others.push_back(std::move(metric));
  }
  if (!others.empty())
    kept.put(metrics_annotation, others);
  if (auto behavior = take(spec, "behavior"); behavior.is_object())
    kept.put(behavior_annotation, with_first_letters(behavior, std::toupper));
}

void status_to_v1(json& status, annotations& kept) {
  auto metrics = take(status, "currentMetrics");
  if (metrics.is_array() && !metrics.empty()) {
    for (const auto& metric : metrics)
      if (auto percentage = cpu_percentage(metric, "current"); !percentage.is_null())
        status[current_percentage] = percentage;
    // when v1's own field says all, the annotation would say it again
    if (!status.contains(current_percentage)
        || metrics != json::array({cpu_metric("current", status[current_percentage])})) {
      for (auto& metric : metrics)
        if (metric.is_object())
          state_to_v1(metric);
      kept.put(current_metrics_annotation, metrics);
    }
  }
  if (auto conditions = take(status, "conditions"); conditions.is_array() && !conditions.empty())
    kept.put(conditions_annotation, conditions);
}

} // namespace

void autoscaler_to_v1(json& tree) {
  annotations kept{tree};
  kept.drop();
  if (auto spec = tree.find("spec"); spec != tree.end() && spec->is_object())
    spec_to_v1(*spec, kept);
  if (auto status = tree.find("status"); status != tree.end() && status->is_object())
    status_to_v1(*status, kept);
}

void autoscaler_to_v2(json& tree) {
  annotations kept{tree};
  auto metrics = kept.take_list(metrics_annotation, "MetricSpec", goal_to_v2);
  auto current = kept.take_list(current_metrics_annotation, "MetricStatus", state_to_v2);
  auto conditions =
    kept.take_list(conditions_annotation, "HorizontalPodAutoscalerCondition", nullptr);
  auto behavior = with_first_letters(kept.take(behavior_annotation), std::tolower);
  kept.drop();
  auto spec = tree.find("spec");
  if (spec != tree.end() && spec->is_object()) {
    if (auto percentage = take(*spec, target_percentage); !percentage.is_null()) {
      if (!metrics.is_array())
        metrics = json::array();
      metrics.push_back(cpu_metric("target", std::move(percentage)));
    }
    if (metrics.is_array() && !metrics.empty())
      (*spec)["metrics"] = std::move(metrics);
    if (fits("HorizontalPodAutoscalerBehavior", behavior))
      (*spec)["behavior"] = std::move(behavior);
  }
  auto status = tree.find("status");
  auto has_status = status != tree.end() && status->is_object();
  if (!has_status && !current.is_array() && !conditions.is_array())
    return;
  auto& state = tree["status"];
  if (!state.is_object())
    state = json::object();
  if (auto percentage = take(state, current_percentage); !percentage.is_null())
    state["currentMetrics"] = json::array({cpu_metric("current", std::move(percentage))});
  if (current.is_array()) // they say more
    state["currentMetrics"] = std::move(current);
  if (conditions.is_array())
    state["conditions"] = std::move(conditions);
}

} // namespace troupe::versions
