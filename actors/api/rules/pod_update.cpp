// A pod, and the little of its spec that may still change.
#include "actors/api/rules/kinds.hpp"

#include <algorithm>

namespace troupe::rules {
namespace {

const field_path spec_path{"spec"};

/// Puts the old images where the lists are the same containers; false when they are not.
bool align_images(json& spec, const json& was, const char* list) {
  const auto& before = member(was, list);
  if (member(spec, list).size() != before.size())
    return false;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (text_of(spec[list][i], "image").empty())
      continue; // reported as missing
    spec[list][i]["image"] = member(before[i], "image");
  }
  return true;
}

bool only_adds(const json& now, const json& before) {
  return std::all_of(before.begin(), before.end(), [&](const json& t) {
    return std::any_of(now.begin(), now.end(), [&](json n) {
      auto b = t;
      n.erase("tolerationSeconds"); // may be shortened or lengthened
      b.erase("tolerationSeconds");
      return n == b;
    });
  });
}

void check_deadline(const json& spec, const json& was, field_errors& out) {
  auto now = number_of(spec, "activeDeadlineSeconds");
  auto before = number_of(was, "activeDeadlineSeconds");
  if (!before)
    return;
  if (!now)
    out.invalid(spec_path / "activeDeadlineSeconds", nullptr,
                "must not update from a positive integer to nil value");
  else if (*now > *before)
    out.invalid(spec_path / "activeDeadlineSeconds", *now,
                "must be less than or equal to previous value");
}

/// Gates may go, never come; while there are some, the rules of placing may be narrowed.
void check_gates(json& spec, const json& was, field_errors& out) {
  const auto before = member(was, "schedulingGates");
  for (const auto& gate : member(spec, "schedulingGates"))
    if (std::find(before.begin(), before.end(), gate) == before.end())
      out.forbidden(spec_path / "schedulingGates",
                    "only deletion is allowed, but found new scheduling gate '"
                      + text_of(gate, "name") + "'");
  spec.erase("schedulingGates");
  if (before.empty())
    return;
  for (const char* key : {"nodeSelector", "affinity"}) {
    if (was.contains(key))
      spec[key] = was[key];
    else
      spec.erase(key);
  }
}

constexpr auto allowed_text =
  "pod updates may not change fields other than "
  "`spec.containers[*].image`,`spec.initContainers[*].image`,"
  "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
  "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

void check_pod_update(const json& tree, const json& old, field_errors& out) {
  auto spec = member(tree, "spec");
  auto was = member(old, "spec");
  if (spec == was || !spec.is_object() || !was.is_object())
    return;
  if (!align_images(spec, was, "containers"))
    return out.forbidden(spec_path / "containers", "pod updates may not add or remove containers");
  if (!align_images(spec, was, "initContainers"))
    return out.forbidden(spec_path / "initContainers",
                         "pod updates may not add or remove containers");
  check_deadline(spec, was, out);
  check_gates(spec, was, out);
  if (!only_adds(member(spec, "tolerations"), member(was, "tolerations")))
    out.forbidden(spec_path / "tolerations",
                  "existing toleration can not be modified except its tolerationSeconds");
  if (number_of(was, "terminationGracePeriodSeconds").value_or(0) < 0)
    spec.erase("terminationGracePeriodSeconds"), was.erase("terminationGracePeriodSeconds");
  for (const char* key : {"activeDeadlineSeconds", "tolerations", "schedulingGates"})
    spec.erase(key), was.erase(key);
  if (spec == was)
    return;
  std::string changed;
  for (const auto& [key, value] : spec.items())
    if (value != member(was, key))
      changed += (changed.empty() ? "" : ", ") + key;
  for (const auto& [key, value] : was.items())
    if (!spec.contains(key))
      changed += (changed.empty() ? "" : ", ") + key;
  out.forbidden(spec_path, allowed_text + std::string{"; changed: "} + changed);
}

} // namespace

void check_pod(const json& tree, const json* old, field_errors& out) {
  check_pod_spec(member(tree, "spec"), spec_path, out);
  if (old)
    check_pod_update(tree, *old, out);
}

void check_pod_template(const json& tree, const json*, field_errors& out) {
  check_template(member(tree, "template"), field_path{"template"}, out);
}

} // namespace troupe::rules
