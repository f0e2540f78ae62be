// The cells of jobs, autoscalers, nodes, events and what else runs or tells of running.
#include "config/api/object.hpp"
#include "config/codec/cells.hpp"
#include "config/codec/table.hpp"

#include <algorithm>
#include <set>

namespace troupe::codec {

namespace {

bool job_condition(element job, std::string_view type) {
  auto found = condition_of(job, "status.conditions", type);
  return found && text_at(*found, "status") == "True";
}

void job_status(const cell_input& in, std::string& out) {
  if (job_condition(in.object, "Complete"))
    return put_text(out, "Complete");
  if (job_condition(in.object, "Failed"))
    return put_text(out, "Failed");
  if (!text_at(in.object, "metadata.deletionTimestamp").empty())
    return put_text(out, "Terminating");
  for (const auto* type : {"Suspended", "FailureTarget", "SuccessCriteriaMet"})
    if (job_condition(in.object, type))
      return put_text(out, type);
  put_text(out, "Running");
}

void job_completions(const cell_input& in, std::string& out) {
  auto text = std::to_string(number_at(in.object, "status.succeeded")) + "/";
  auto parallelism = number_at(in.object, "spec.parallelism");
  if (find_path(in.object, "spec.completions"))
    text += std::to_string(number_at(in.object, "spec.completions"));
  else if (parallelism > 1)
    text += "1 of " + std::to_string(parallelism);
  else
    text += "1";
  put_text(out, text);
}

void job_duration(const cell_input& in, std::string& out) {
  auto start = api::parse_time(text_at(in.object, "status.startTime"));
  if (!start)
    return put_text(out, "");
  auto end = api::parse_time(text_at(in.object, "status.completionTime"));
  put_text(out, human_duration(end.value_or(in.now) - *start));
}

void ready_of_replicas(const cell_input& in, std::string& out) {
  put_text(out, std::to_string(number_at(in.object, "status.readyReplicas")) + "/"
                  + std::to_string(number_at(in.object, "spec.replicas")));
}

std::string target_text(std::string_view name, std::string_view current, std::string_view target) {
  std::string out;
  if (!name.empty())
    out.append(name).append(": ");
  return out.append(current).append("/").append(target);
}

/// One metric of an autoscaler: what is now and what is wanted.
std::string metric_text(element spec, std::optional<element> status) {
  struct source {
    std::string_view type;
    std::string_view field;
  };
  static constexpr source sources[] = {{"External", "external"},
                                       {"Pods", "pods"},
                                       {"Object", "object"},
                                       {"Resource", "resource"},
                                       {"ContainerResource", "containerResource"}};
  const auto type = text_at(spec, "type");
  const auto* known = std::ranges::find(sources, type, &source::type);
  auto wanted = known == std::end(sources) ? std::nullopt : find_path(spec, known->field);
  if (!wanted)
    return "<unknown type>";
  auto now = status ? find_path(*status, known->field) : std::nullopt;
  auto current = [&](std::string_view field) {
    return now ? plain_at(*now, "current." + std::string(field), "<unknown>") : "<unknown>";
  };
  auto name = type.ends_with("Resource") ? text_at(*wanted, "name") : std::string_view();
  auto average = plain_at(*wanted, "target.averageValue");
  if (type == "Pods" || (type.ends_with("Resource") && !average.empty()))
    return target_text(name, current("averageValue"), average);
  if (!average.empty())
    return target_text(name, current("averageValue"), average + " (avg)");
  if (!type.ends_with("Resource"))
    return target_text(name, current("value"), plain_at(*wanted, "target.value"));
  auto used = current("averageUtilization");
  auto limit = plain_at(*wanted, "target.averageUtilization");
  return target_text(name, used == "<unknown>" ? used : used + "%",
                     limit.empty() ? "<auto>" : limit + "%");
}

void autoscaler_targets(const cell_input& in, std::string& out) {
  auto statuses = list_at(in.object, "status.currentMetrics");
  std::vector<std::string> parts;
  for (auto spec : list_at(in.object, "spec.metrics")) {
    auto at = parts.size();
    parts.push_back(
      metric_text(spec, at < statuses.size() ? std::optional(statuses[at]) : std::nullopt));
  }
  if (parts.empty())
    return put_text(out, "<none>");
  auto all = parts.size();
  parts.resize(std::min<std::size_t>(all, 2));
  auto text = join(parts, ", ");
  if (all > 2)
    text += " + " + std::to_string(all - 2) + " more...";
  put_text(out, text);
}

void autoscaler_reference(const cell_input& in, std::string& out) {
  put_text(out, std::string(text_at(in.object, "spec.scaleTargetRef.kind")) + "/"
                  + std::string(text_at(in.object, "spec.scaleTargetRef.name")));
}

void node_status(const cell_input& in, std::string& out) {
  auto ready = condition_of(in.object, "status.conditions", "Ready");
  std::string text = "Unknown";
  if (ready)
    text = text_at(*ready, "status") == "True" ? "Ready" : "NotReady";
  if (flag_at(in.object, "spec.unschedulable"))
    text += ",SchedulingDisabled";
  put_text(out, text);
}

void node_roles(const cell_input& in, std::string& out) {
  constexpr std::string_view prefix = "node-role.kubernetes.io/";
  std::set<std::string> roles;
  simdjson::dom::object labels;
  if (auto found = find_path(in.object, "metadata.labels");
      found && found->get(labels) == simdjson::SUCCESS) {
    for (auto [key, value] : labels) {
      if (key.starts_with(prefix) && key.size() > prefix.size())
        roles.emplace(key.substr(prefix.size()));
      else if (key == "kubernetes.io/role" && !plain(value).empty())
        roles.insert(plain(value));
    }
  }
  put_text(out, roles.empty() ? "<none>" : join({roles.begin(), roles.end()}));
}

void put_address(const cell_input& in, std::string& out, std::string_view type) {
  auto found = condition_of(in.object, "status.addresses", type);
  put_text(out, found ? text_at(*found, "address") : "<none>");
}

void node_internal_ip(const cell_input& in, std::string& out) {
  put_address(in, out, "InternalIP");
}

void node_external_ip(const cell_input& in, std::string& out) {
  put_address(in, out, "ExternalIP");
}

std::string first_seen(const cell_input& in) {
  auto first = text_at(in.object, "firstTimestamp", text_at(in.object, "deprecatedFirstTimestamp"));
  return since(first.empty() ? text_at(in.object, "eventTime") : first, in.now);
}

void event_first_seen(const cell_input& in, std::string& out) { put_text(out, first_seen(in)); }

void event_last_seen(const cell_input& in, std::string& out) {
  if (find_path(in.object, "series"))
    return put_text(out, since(text_at(in.object, "series.lastObservedTime"), in.now));
  auto last = text_at(in.object, "lastTimestamp", text_at(in.object, "deprecatedLastTimestamp"));
  put_text(out, last.empty() ? first_seen(in) : since(last, in.now));
}

void event_count(const cell_input& in, std::string& out) {
  if (find_path(in.object, "series"))
    return put_number(out, number_at(in.object, "series.count"));
  auto count = number_at(in.object, "count", number_at(in.object, "deprecatedCount"));
  put_number(out, std::max<std::int64_t>(count, 1));
}

void event_object(const cell_input& in, std::string& out) {
  auto about = find_path(in.object, in.argument);
  auto text = about ? lower(text_at(*about, "kind")) : std::string();
  if (auto name = about ? text_at(*about, "name") : std::string_view(); !name.empty())
    text.append("/").append(name);
  put_text(out, text);
}

void event_source(const cell_input& in, std::string& out) {
  const auto& o = in.object;
  auto first = [&](std::initializer_list<std::string_view> paths) {
    for (auto path : paths)
      if (auto text = text_at(o, path); !text.empty())
        return std::string(text);
    return std::string();
  };
  auto text = first({"source.component", "deprecatedSource.component", "reportingComponent",
                     "reportingController"});
  auto instance = first({"source.host", "deprecatedSource.host", "reportingInstance"});
  put_text(out, instance.empty() ? text : text + ", " + instance);
}

void component_status(const cell_input& in, std::string& out) {
  auto healthy = condition_of(in.object, "conditions", "Healthy");
  if (!healthy)
    return put_text(out, "Unknown");
  put_text(out, text_at(*healthy, "status") == "True" ? "Healthy" : "Unhealthy");
}

void controller_reference(const cell_input& in, std::string& out) {
  for (auto owner : list_at(in.object, "metadata.ownerReferences")) {
    if (!flag_at(owner, "controller"))
      continue;
    auto version = text_at(owner, "apiVersion");
    auto slash = version.find('/');
    auto kind = std::string(text_at(owner, "kind"));
    if (slash != std::string_view::npos)
      kind.append(".").append(version.substr(0, slash));
    return put_text(out, lower(kind) + "/" + std::string(text_at(owner, "name")));
  }
  put_text(out, "<none>");
}

} // namespace

std::span<const cell_entry> workload_cells() {
  static constexpr cell_entry entries[] = {{"job_status", job_status},
                                           {"job_completions", job_completions},
                                           {"job_duration", job_duration},
                                           {"ready_of_replicas", ready_of_replicas},
                                           {"autoscaler_targets", autoscaler_targets},
                                           {"autoscaler_reference", autoscaler_reference},
                                           {"node_status", node_status},
                                           {"node_roles", node_roles},
                                           {"node_internal_ip", node_internal_ip},
                                           {"node_external_ip", node_external_ip},
                                           {"event_first_seen", event_first_seen},
                                           {"event_last_seen", event_last_seen},
                                           {"event_count", event_count},
                                           {"event_object", event_object},
                                           {"event_source", event_source},
                                           {"component_status", component_status},
                                           {"controller_reference", controller_reference}};
  return entries;
}

} // namespace troupe::codec
