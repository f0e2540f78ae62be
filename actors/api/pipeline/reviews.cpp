// Questions of access: who am I, may I, may somebody, what may I.
#include "actors/api/pipeline/access.hpp"
#include "actors/api/pipeline/body.hpp"
#include "actors/api/pipeline/virtual_kinds.hpp"
#include "actors/api/rules/checks.hpp"
#include "actors/api/rules/rules.hpp"

namespace troupe::pipeline {
namespace {

using rules::field_path;
using rules::member;
using rules::text_of;

api::user user_in(const json& spec) {
  api::user out{.name = text_of(spec, "user"), .groups = {}, .uid = text_of(spec, "uid")};
  for (const auto& g : member(spec, "groups"))
    out.groups.push_back(g.get<std::string>());
  for (const auto& [key, values] : member(spec, "extra").items())
    for (const auto& value : values)
      out.extra[key].push_back(value.get<std::string>());
  return out;
}

/// What a spec asks about: exactly one of a resource and a path.
authz::attributes asked_in(const json& spec, const api::user& who) {
  const auto& at = member(spec, "resourceAttributes");
  if (!at.is_object()) {
    const auto& path = member(spec, "nonResourceAttributes");
    return {.who = who,
            .verb = text_of(path, "verb"),
            .resource = false,
            .group = {},
            .plural = {},
            .subresource = {},
            .ns = {},
            .name = {},
            .path = text_of(path, "path")};
  }
  auto out = authz::asks(who, text_of(at, "verb"), text_of(at, "group"), text_of(at, "resource"),
                         text_of(at, "namespace"), text_of(at, "name"));
  out.subresource = text_of(at, "subresource");
  const auto& fields = member(at, "fieldSelector");
  out.field_selector = text_of(fields, "rawSelector");
  for (const auto& f : member(fields, "requirements")) {
    const auto& values = member(f, "values");
    if (text_of(f, "operator") == "In" && values.size() == 1)
      out.field_selector += (out.field_selector.empty() ? "" : ",") + text_of(f, "key") + "="
                            + values[0].get<std::string>();
  }
  return out;
}

result<void> check_access(const context& c, const json& spec) {
  rules::field_errors errors;
  auto resource = member(spec, "resourceAttributes").is_object();
  auto path = member(spec, "nonResourceAttributes").is_object();
  if (resource && path)
    errors.invalid(field_path{"spec.nonResourceAttributes"}, member(spec, "nonResourceAttributes"),
                   "cannot be specified in combination with resourceAttributes");
  if (!resource && !path)
    errors.invalid(field_path{"spec.resourceAttributes"}, nullptr,
                   "exactly one of nonResourceAttributes or resourceAttributes must be specified");
  if (c.of.plural != "selfsubjectaccessreviews" && text_of(spec, "user").empty()
      && member(spec, "groups").empty())
    errors.invalid(field_path{"spec.user"}, "", "at least one of user or group must be specified");
  if (c.of.namespaced && text_of(member(spec, "resourceAttributes"), "namespace") != c.request.ns)
    errors.invalid(field_path{"spec.resourceAttributes.namespace"},
                   text_of(member(spec, "resourceAttributes"), "namespace"),
                   "must match metadata.namespace");
  if (errors.empty())
    return {};
  return rules::invalid(c.of, {}, errors);
}

json user_info(const api::user& u) {
  json out{{"username", u.name}};
  if (!u.groups.empty())
    out["groups"] = u.groups;
  if (!u.uid.empty())
    out["uid"] = u.uid;
  if (!u.extra.empty())
    out["extra"] = u.extra;
  return out;
}

std::string joined(const std::vector<std::string>& all) {
  std::string out;
  for (const auto& each : all)
    out += (out.empty() ? "" : ", ") + each;
  return all.size() > 1 ? "[" + out + "]" : out;
}

} // namespace

result<step> review_access(context& c) {
  OR_RETURN(auto tree, decode_body(c, c.of));
  if (c.of.namespaced)
    CHECK_RETURN(match_path(c, tree));
  const auto spec = member(tree, "spec");
  CHECK_RETURN(check_access(c, spec));
  auto self = c.of.plural == "selfsubjectaccessreviews";
  auto who = self ? c.request.from : user_in(spec);
  auto said = authz::decide(asked_in(spec, who), c.view, *policy_of(c.env, c.view));
  tree["status"] = {{"allowed", said.allowed}};
  if (!said.reason.empty())
    tree["status"]["reason"] = said.reason;
  return answer_created(c, c.of, tree, !said.allowed);
}

result<step> review_rules(context& c) {
  OR_RETURN(auto tree, decode_body(c, c.of));
  auto ns = text_of(member(tree, "spec"), "namespace");
  if (ns.empty())
    return bad_request("no namespace on request");
  auto held = authz::rules_of(c.request.from, ns, *policy_of(c.env, c.view));
  auto resources = json::array();
  auto paths = json::array();
  for (const auto& r : held.list)
    (r.urls.empty() ? resources : paths).push_back(authz::to_json(r));
  tree["status"] = {{"resourceRules", std::move(resources)},
                    {"nonResourceRules", std::move(paths)},
                    {"incomplete", !held.errors.empty()}};
  if (!held.errors.empty())
    tree["status"]["evaluationError"] = joined(held.errors);
  return answer_created(c, c.of, tree, false);
}

result<step> review_self(context& c) {
  OR_RETURN(auto tree, decode_body(c, c.of));
  tree["metadata"]["creationTimestamp"] = api::format_time(c.env.now);
  tree["status"] = {{"userInfo", user_info(c.request.from)}};
  return answer_created(c, c.of, tree, false);
}

} // namespace troupe::pipeline
