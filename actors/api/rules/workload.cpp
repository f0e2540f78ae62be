// Workloads: the kinds that make pods from a template.
#include "actors/api/rules/kinds.hpp"
#include "actors/api/rules/names.hpp"
#include "config/api/selector.hpp"

#include <array>
#include <charconv>

namespace troupe::rules {
namespace {

const field_path spec_path{"spec"};

api::string_map labels_of(const json& tmpl) {
  api::string_map out;
  const auto& labels = member(member(tmpl, "metadata"), "labels");
  if (labels.is_object())
    for (const auto& [key, value] : labels.items())
      if (value.is_string())
        out.emplace(key, value.get<std::string>());
  return out;
}

/// selector and template of a kind whose pods run for ever.
void check_selected_template(const json& spec, std::string_view kind, field_errors& out) {
  const auto& selector = member(spec, "selector");
  const auto& tmpl = member(spec, "template");
  if (!selector.is_object()) {
    out.required(spec_path / "selector");
  } else {
    check_label_selector(selector, spec_path / "selector", out);
    auto wanted = api::label_selector_of(selector);
    if (wanted && wanted->everything())
      out.invalid(spec_path / "selector", selector,
                  "empty selector is invalid for " + std::string{kind});
    else if (wanted && !wanted->matches(labels_of(tmpl)))
      out.invalid(spec_path / "template" / "metadata" / "labels",
                  member(member(tmpl, "metadata"), "labels"),
                  "`selector` does not match template `labels`");
  }
  check_template(tmpl, spec_path / "template", out);
  constexpr std::array<std::string_view, 1> always{"Always"};
  auto policy = text_of(member(tmpl, "spec"), "restartPolicy");
  if (!policy.empty() && policy != "Always")
    out.not_supported(spec_path / "template" / "spec" / "restartPolicy", policy, always);
  if (member(tmpl, "spec").contains("activeDeadlineSeconds"))
    out.forbidden(spec_path / "template" / "spec" / "activeDeadlineSeconds",
                  "activeDeadlineSeconds in ReplicaSet is not Supported");
}

/// A number or a percentage: the number, or the percent. Reports what is neither.
struct share_value {
  std::int64_t number = 0;
  bool percent = false;
};
std::optional<share_value> share_of(const json& of, const char* key, const field_path& at,
                                    field_errors& out) {
  const auto& value = member(of, key);
  if (value.is_null())
    return std::nullopt;
  share_value s;
  if (value.is_number_integer()) {
    s.number = value.get<std::int64_t>();
  } else {
    const auto text = value.is_string() ? value.get<std::string>() : value.dump();
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), s.number);
    if (error != std::errc{} || end + 1 != text.data() + text.size() || *end != '%') {
      out.invalid(at / key, value,
                  "a valid percent string must be a numeric string followed by an ending '%' "
                  "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')");
      return std::nullopt;
    }
    s.percent = true;
  }
  if (s.number < 0)
    out.invalid(at / key, value, "must be greater than or equal to 0");
  return s;
}

void check_rolling_update(const json& rolling, const field_path& at, field_errors& out) {
  auto unavailable = share_of(rolling, "maxUnavailable", at, out);
  auto surge = share_of(rolling, "maxSurge", at, out);
  if (unavailable && unavailable->percent && unavailable->number > 100)
    out.invalid(at / "maxUnavailable", rolling["maxUnavailable"], "must not be greater than 100%");
  if (unavailable && surge && unavailable->number == 0 && surge->number == 0)
    out.invalid(at / "maxUnavailable", rolling["maxUnavailable"],
                "may not be 0 when `maxSurge` is 0");
}

const json& spec_of(const json& tree) { return member(tree, "spec"); }

/// The spec with these members removed: what must stay the same.
json without(json spec, std::initializer_list<const char*> members) {
  if (spec.is_object())
    for (const char* key : members)
      spec.erase(key);
  return spec;
}

void check_job_template(const json& spec, const field_path& at, field_errors& out) {
  check_template(member(spec, "template"), at / "template", out);
  constexpr std::array<std::string_view, 2> once{"OnFailure", "Never"};
  auto policy = text_of(member(member(spec, "template"), "spec"), "restartPolicy");
  if (policy == "Always")
    out.not_supported(at / "template" / "spec" / "restartPolicy", policy, once);
  for (const char* key : {"parallelism", "completions", "backoffLimit", "activeDeadlineSeconds",
                          "ttlSecondsAfterFinished"})
    check_at_least(spec, key, 0, at, out);
  if (text_of(spec, "completionMode") == "Indexed" && !spec.contains("completions"))
    out.required(at / "completions", "when completion mode is Indexed");
}

} // namespace

void check_deployment(const json& tree, const json* old, field_errors& out) {
  const auto& spec = spec_of(tree);
  for (const char* key : {"replicas", "minReadySeconds", "revisionHistoryLimit"})
    check_at_least(spec, key, 0, spec_path, out);
  check_selected_template(spec, "deployment", out);
  const auto& strategy = member(spec, "strategy");
  if (text_of(strategy, "type") == "Recreate" && strategy.contains("rollingUpdate"))
    out.forbidden(spec_path / "strategy" / "rollingUpdate",
                  "may not be specified when strategy `type` is 'Recreate'");
  else if (strategy.contains("rollingUpdate"))
    check_rolling_update(strategy["rollingUpdate"], spec_path / "strategy" / "rollingUpdate", out);
  if (auto deadline = number_of(spec, "progressDeadlineSeconds");
      deadline && *deadline <= number_of(spec, "minReadySeconds").value_or(0))
    out.invalid(spec_path / "progressDeadlineSeconds", *deadline,
                "must be greater than minReadySeconds");
  if (old)
    check_same(spec, spec_of(*old), "selector", spec_path, out);
}

void check_replica_set(const json& tree, const json* old, field_errors& out) {
  const auto& spec = spec_of(tree);
  for (const char* key : {"replicas", "minReadySeconds"})
    check_at_least(spec, key, 0, spec_path, out);
  check_selected_template(spec, "replicaset", out);
  if (old)
    check_same(spec, spec_of(*old), "selector", spec_path, out);
}

void check_stateful_set(const json& tree, const json* old, field_errors& out) {
  const auto& spec = spec_of(tree);
  for (const char* key : {"replicas", "minReadySeconds", "revisionHistoryLimit"})
    check_at_least(spec, key, 0, spec_path, out);
  check_selected_template(spec, "statefulset", out);
  check_at_least(member(member(spec, "updateStrategy"), "rollingUpdate"), "partition", 0,
                 spec_path / "updateStrategy" / "rollingUpdate", out);
  if (!old)
    return;
  auto fixed = [](const json& s) {
    return without(s, {"replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
                       "persistentVolumeClaimRetentionPolicy", "minReadySeconds"});
  };
  if (fixed(spec) != fixed(spec_of(*old)))
    out.forbidden(
      spec_path,
      "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
      "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and "
      "'minReadySeconds' are forbidden");
}

void check_daemon_set(const json& tree, const json* old, field_errors& out) {
  const auto& spec = spec_of(tree);
  for (const char* key : {"minReadySeconds", "revisionHistoryLimit"})
    check_at_least(spec, key, 0, spec_path, out);
  check_selected_template(spec, "daemonset", out);
  check_rolling_update(member(member(spec, "updateStrategy"), "rollingUpdate"),
                       spec_path / "updateStrategy" / "rollingUpdate", out);
  if (old)
    check_same(spec, spec_of(*old), "selector", spec_path, out);
}

void check_replication_controller(const json& tree, const json*, field_errors& out) {
  const auto& spec = spec_of(tree);
  for (const char* key : {"replicas", "minReadySeconds"})
    check_at_least(spec, key, 0, spec_path, out);
  const auto& selector = member(spec, "selector");
  const auto& tmpl = member(spec, "template");
  check_labels(selector, spec_path / "selector", out);
  if (!selector.is_object() || selector.empty())
    out.required(spec_path / "selector");
  else if (tmpl.is_object() && !api::label_selector_of_map(selector).matches(labels_of(tmpl)))
    out.invalid(spec_path / "template" / "metadata" / "labels",
                member(member(tmpl, "metadata"), "labels"),
                "`selector` does not match template `labels`");
  if (!tmpl.is_object())
    return out.required(spec_path / "template");
  check_template(tmpl, spec_path / "template", out);
  constexpr std::array<std::string_view, 1> always{"Always"};
  if (auto policy = text_of(member(tmpl, "spec"), "restartPolicy");
      !policy.empty() && policy != "Always")
    out.not_supported(spec_path / "template" / "spec" / "restartPolicy", policy, always);
}

void check_job(const json& tree, const json* old, field_errors& out) {
  const auto& spec = spec_of(tree);
  check_job_template(spec, spec_path, out);
  const auto& selector = member(spec, "selector");
  if (!selector.is_object())
    out.required(spec_path / "selector");
  else if (auto wanted = api::label_selector_of(selector);
           wanted && !wanted->matches(labels_of(member(spec, "template"))))
    out.invalid(spec_path / "template" / "metadata" / "labels",
                member(member(member(spec, "template"), "metadata"), "labels"),
                "`selector` does not match template `labels`");
  if (!old)
    return;
  const auto& was = spec_of(*old);
  check_same(spec, was, "selector", spec_path, out);
  check_same(spec, was, "completionMode", spec_path, out);
  check_same(spec, was, "podFailurePolicy", spec_path, out);
  auto elastic = text_of(spec, "completionMode") == "Indexed"
                 && member(spec, "completions") == member(spec, "parallelism");
  if (!elastic)
    check_same(spec, was, "completions", spec_path, out);
  auto suspended = member(was, "suspend") == json(true);
  if (suspended) { // only what decides where its pods may run
    auto fixed = [](json tmpl) {
      if (tmpl.contains("spec"))
        tmpl["spec"] =
          without(tmpl["spec"], {"nodeSelector", "affinity", "tolerations", "schedulingGates"});
      if (tmpl.contains("metadata"))
        tmpl["metadata"] = without(tmpl["metadata"], {"labels", "annotations"});
      return tmpl;
    };
    if (fixed(member(spec, "template")) != fixed(member(was, "template")))
      out.invalid(spec_path / "template", member(spec, "template"), immutable_text);
  } else {
    check_same(spec, was, "template", spec_path, out);
  }
}

void check_cron_job(const json& tree, const json*, field_errors& out) {
  const auto& spec = spec_of(tree);
  if (auto name = text_of(member(tree, "metadata"), "name"); name.size() > 52)
    out.invalid(field_path{"metadata.name"}, name, "must be no more than 52 characters");
  auto schedule = text_of(spec, "schedule");
  if (schedule.empty())
    out.required(spec_path / "schedule");
  else if (schedule.find("TZ=") != std::string::npos)
    out.invalid(spec_path / "schedule", schedule,
                "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
  else if (auto why = cron_schedule(schedule); !why.empty())
    out.invalid(spec_path / "schedule", schedule, why);
  for (const char* key :
       {"startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"})
    check_at_least(spec, key, 0, spec_path, out);
  const auto& job = member(member(spec, "jobTemplate"), "spec");
  check_job_template(job, spec_path / "jobTemplate" / "spec", out);
  if (member(job, "manualSelector") == json(true))
    out.not_supported(spec_path / "jobTemplate" / "spec" / "manualSelector", true,
                      std::array<std::string_view, 2>{"nil", "false"});
}

void check_autoscaler(const json& tree, const json*, field_errors& out) {
  const auto& spec = spec_of(tree);
  auto most = number_of(spec, "maxReplicas").value_or(0);
  auto least = number_of(spec, "minReplicas").value_or(1);
  if (least < 1)
    out.invalid(spec_path / "minReplicas", least, "must be greater than or equal to 1");
  if (most < 1)
    out.invalid(spec_path / "maxReplicas", most, "must be greater than 0");
  else if (most < least)
    out.invalid(spec_path / "maxReplicas", most, "must be greater than or equal to `minReplicas`");
  const auto& target = member(spec, "scaleTargetRef");
  check_name(target, "kind", path_segment, spec_path / "scaleTargetRef", out);
  check_name(target, "name", path_segment, spec_path / "scaleTargetRef", out);
}

void check_disruption_budget(const json& tree, const json*, field_errors& out) {
  const auto& spec = spec_of(tree);
  if (spec.contains("minAvailable") && spec.contains("maxUnavailable"))
    out.invalid(spec_path, spec, "minAvailable and maxUnavailable cannot be both set");
  share_of(spec, "minAvailable", spec_path, out);
  share_of(spec, "maxUnavailable", spec_path, out);
  check_label_selector(member(spec, "selector"), spec_path / "selector", out);
}

} // namespace troupe::rules
