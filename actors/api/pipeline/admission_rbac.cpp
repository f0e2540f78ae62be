#include "actors/api/pipeline/access.hpp"
#include "actors/api/pipeline/admission_steps.hpp"
#include "actors/api/rules/checks.hpp"

#include <algorithm>
#include <set>

namespace troupe::pipeline {
namespace {

using rules::member;
using rules::text_of;

constexpr std::string_view rbac = "rbac.authorization.k8s.io";

std::string quoted(const std::vector<std::string>& list) {
  std::string out;
  for (const auto& t : list)
    out += (out.empty() ? "\"" : " \"") + t + "\"";
  return "[" + out + "]";
}

failure forbid(const admission& a, const std::string& why) {
  return {.reason = reason::forbidden,
          .message = a.of.qualified() + " \"" + text_of(member(*a.object, "metadata"), "name")
                     + "\" is forbidden: " + why};
}

/// The asker holds all of `wanted`, in the namespace of the object.
result<void> must_hold(const admission& a, const authz::policy& roles, const authz::rules& wanted) {
  auto held = authz::rules_of(a.request.from, a.request.ns, roles);
  auto lacks = authz::missing(held.list, wanted);
  if (lacks.empty())
    return {};
  std::set<std::string> lines;
  for (const auto& r : lacks)
    lines.insert(authz::described(r));
  std::string text;
  for (const auto& line : lines)
    text += "\n" + line;
  auto why = "user \"" + a.request.from.name + "\" (groups=" + quoted(a.request.from.groups)
             + ") is attempting to grant RBAC permissions not currently held:" + text;
  if (!held.errors.empty())
    why += "; resolution errors: " + quoted(held.errors);
  return forbid(a, why);
}

bool may(const admission& a, const authz::policy& roles, std::string_view verb,
         std::string_view plural, std::string_view ns, std::string_view name) {
  return authz::decide(authz::asks(a.request.from, verb, rbac, plural, ns, name), a.view, roles)
    .allowed;
}

bool same(const admission& a, const char* key) {
  return a.old && member(*a.old, key) == member(*a.object, key);
}

result<void> check_role(const admission& a, const authz::policy& roles) {
  auto name = text_of(member(*a.object, "metadata"), "name");
  if (same(a, "rules") && same(a, "aggregationRule"))
    return {};
  if (may(a, roles, "escalate", a.of.plural, a.request.ns, name))
    return {};
  if (member(*a.object, "aggregationRule").is_object() && !same(a, "aggregationRule")) {
    const authz::rules everything{{.verbs = {"*"}, .groups = {"*"}, .resources = {"*"}},
                                  {.verbs = {"*"}, .urls = {"*"}}};
    if (!must_hold(a, roles, everything))
      return forbid(a, "must have cluster-admin privileges to use the aggregationRule");
  }
  return must_hold(a, roles, authz::read_rules(member(*a.object, "rules")));
}

result<void> check_binding(const admission& a, const authz::policy& roles) {
  if (same(a, "subjects") && same(a, "roleRef"))
    return {};
  const auto& ref = member(*a.object, "roleRef");
  auto kind = text_of(ref, "kind");
  auto name = text_of(ref, "name");
  auto plural = kind == "ClusterRole" ? "clusterroles" : "roles";
  if (may(a, roles, "bind", plural, a.request.ns, name))
    return {};
  OR_RETURN(auto granted, roles.role(kind, a.request.ns, name));
  return must_hold(a, roles, granted);
}

} // namespace

result<void> no_escalation(admission& a) {
  if (a.of.group != rbac || a.what == admission::operation::remove || !a.object
      || authz::in_group(a.request.from, "system:masters"))
    return {};
  auto roles = policy_of(a.env, a.view);
  if (a.of.plural == "roles" || a.of.plural == "clusterroles")
    return check_role(a, *roles);
  return check_binding(a, *roles);
}

} // namespace troupe::pipeline
