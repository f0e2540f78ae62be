// The admission steps that are built in.
#include "actors/api/pipeline/admission.hpp"

#include "actors/api/pipeline/admission_steps.hpp"
#include "actors/api/pipeline/keys.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace troupe::pipeline {
namespace {

using json = nlohmann::json;
using operation = admission::operation;

bool is_pod(const admission& a) {
  return a.of.group.empty() && a.of.plural == "pods" && a.request.subresource.empty();
}

/// The spec of the pod that the request is about; null when there is none.
json* pod_spec(admission& a) {
  if (!a.object || !is_pod(a))
    return nullptr;
  auto spec = a.object->find("spec");
  return spec != a.object->end() && spec->is_object() ? &*spec : nullptr;
}

/// The spec of a pod that is being made.
json* new_pod_spec(admission& a) { return a.what == operation::create ? pod_spec(a) : nullptr; }

failure forbid(const admission& a, std::string_view name, std::string_view why) {
  return {.reason = reason::forbidden,
          .message =
            a.of.qualified() + " \"" + std::string{name} + "\" is forbidden: " + std::string{why}};
}

/// The namespaces that a cluster cannot do without.
result<void> namespace_lifecycle(admission& a) {
  constexpr std::array<std::string_view, 4> immortal{"default", "kube-system", "kube-public",
                                                     "kube-node-lease"};
  if (a.what != operation::remove || !a.of.group.empty() || a.of.plural != "namespaces")
    return {};
  auto name = a.old->at("metadata").value("name", "");
  if (std::find(immortal.begin(), immortal.end(), name) != immortal.end())
    return forbid(a, name, "this namespace may not be deleted");
  return {};
}

bool is_mirror(const json& pod) {
  auto annotations = pod.at("metadata").find("annotations");
  return annotations != pod.at("metadata").end()
         && annotations->contains("kubernetes.io/config.mirror");
}

result<void> service_account(admission& a) {
  auto* found = new_pod_spec(a);
  if (!found || is_mirror(*a.object))
    return {};
  auto& spec = *found;
  auto name = spec.value("serviceAccountName", "");
  if (name.empty())
    name = spec.value("serviceAccount", "");
  if (name.empty())
    name = "default";
  spec["serviceAccountName"] = name;
  spec["serviceAccount"] = name; // the old name of the field; clients read either
  return {};
}

/// 300 s on a node that is not ready or not reachable, unless the pod says otherwise. On an update,
/// too: an applied list of tolerations takes the place of the one that they were added to.
result<void> default_tolerations(admission& a) {
  auto* found = pod_spec(a);
  if (!found)
    return {};
  auto& spec = *found;
  auto tolerates = [&](const char* key) {
    for (const auto& t : spec.value("tolerations", json::array())) {
      auto named = t.value("key", "");
      auto effect = t.value("effect", "");
      if ((named == key || named.empty()) && (effect.empty() || effect == "NoExecute"))
        return true;
    }
    return false;
  };
  auto add = [&](const char* key, std::int64_t seconds) {
    spec["tolerations"].push_back({{"key", key},
                                   {"operator", "Exists"},
                                   {"effect", "NoExecute"},
                                   {"tolerationSeconds", seconds}});
  };
  auto not_ready = tolerates("node.kubernetes.io/not-ready");
  auto unreachable = tolerates("node.kubernetes.io/unreachable");
  if (!not_ready)
    add("node.kubernetes.io/not-ready", a.env.set.not_ready_toleration_seconds);
  if (!unreachable)
    add("node.kubernetes.io/unreachable", a.env.set.unreachable_toleration_seconds);
  return {};
}

struct priority {
  std::string name;
  std::int64_t value = 0;
  std::string preemption = "PreemptLowerPriority";
};

std::optional<priority> built_in_priority(std::string_view name) {
  if (name == "system-node-critical")
    return priority{.name = std::string{name}, .value = 2000001000};
  if (name == "system-cluster-critical")
    return priority{.name = std::string{name}, .value = 2000000000};
  return std::nullopt;
}

priority priority_of(const json& tree) {
  return {.name = tree.at("metadata").value("name", ""),
          .value = tree.value("value", std::int64_t{0}),
          .preemption = tree.value("preemptionPolicy", "PreemptLowerPriority")};
}

/// The priority class that a pod names, or the one marked as the default.
result<priority> find_priority(admission& a, const std::string& name) {
  auto prefix = prefix_of("scheduling.k8s.io", "priorityclasses");
  if (!name.empty()) {
    if (auto record = a.view.get(prefix + name))
      if (auto tree = json::parse(*record->value, nullptr, false); tree.is_object())
        return priority_of(tree);
    if (auto known = built_in_priority(name))
      return *known;
    return forbid(a, a.object->at("metadata").value("name", ""),
                  "no PriorityClass with name " + name + " was found");
  }
  priority out;
  auto best = false;
  a.view.scan({.prefix = prefix, .from = {}, .limit = 0}, [&](const store::record_ptr& record) {
    if (record->value->find("\"globalDefault\":true") == std::string::npos)
      return true;
    auto tree = json::parse(*record->value, nullptr, false);
    if (tree.is_object() && tree.value("globalDefault", false)) {
      auto p = priority_of(tree);
      if (!best || p.value < out.value) // of several defaults the lowest counts
        out = std::move(p);
      best = true;
    }
    return true;
  });
  return out;
}

result<void> set_priority(admission& a) {
  auto* pod = new_pod_spec(a);
  if (!pod)
    return {};
  auto& spec = *pod;
  auto named = spec.value("priorityClassName", "");
  OR_RETURN(auto found, find_priority(a, named));
  if (auto given = spec.find("priority"); given != spec.end() && *given != found.value)
    return forbid(a, a.object->at("metadata").value("name", ""),
                  "the integer value of priority (" + given->dump()
                    + ") must not be provided in pod spec; priority admission controller computed "
                    + std::to_string(found.value) + " from the given PriorityClass name");
  if (named.empty() && !found.name.empty())
    spec["priorityClassName"] = found.name;
  spec["priority"] = found.value;
  if (!spec.contains("preemptionPolicy"))
    spec["preemptionPolicy"] = found.preemption;
  return {};
}

} // namespace

admission_chain built_in_admission() {
  return {.mutating = {{"ServiceAccount", service_account},
                       {"Priority", set_priority},
                       {"DefaultTolerationSeconds", default_tolerations}},
          .validating = {{"RBACEscalation", no_escalation},
                         {"NodeRestriction", node_restriction},
                         {"NamespaceLifecycle", namespace_lifecycle}}};
}

} // namespace troupe::pipeline
