// Server-side apply: PATCH with application/apply-patch+yaml.
#include "actors/api/apply/apply.hpp"

#include "actors/api/apply/typed.hpp"
#include "actors/api/pipeline/access.hpp"
#include "actors/api/pipeline/apply.hpp"
#include "actors/api/pipeline/body.hpp"
#include "actors/api/pipeline/create.hpp"
#include "actors/api/pipeline/owners.hpp"
#include "actors/api/pipeline/update.hpp"
#include "actors/api/rules/errors.hpp"
#include "config/codec/json.hpp"
#include "config/codec/yaml.hpp"
#include "config/schema/walk.hpp"

namespace troupe::pipeline {
namespace {

result<void> check_options(const context& c) {
  if (!c.request.options.field_manager.empty())
    return {};
  rules::field_errors errors;
  errors.required(rules::field_path{"fieldManager"}, "is required for apply patch");
  return failure{.reason = reason::invalid,
                 .message = "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required "
                            "value: is required for apply patch",
                 .causes = errors.causes()};
}

/// The body, JSON or YAML.
result<json> read_body(context& c) {
  std::vector<std::string> twice;
  const auto& body = c.request.body;
  auto brace = body.find_first_not_of(" \t\r\n");
  auto tree = brace != body.npos && body[brace] == '{' ? codec::read_json(body, &twice)
                                                       : codec::read_yaml(body, &twice);
  if (!tree && tree.error().reason == reason::bad_request)
    return bad_request("error decoding YAML: " + tree.error().message);
  if (!tree)
    return tree;
  if (!tree->is_object())
    return bad_request("error decoding YAML: the applied configuration is not an object");
  if (c.request.options.fields == api::validation::ignore)
    return tree;
  for (const auto& path : twice) {
    auto what = "duplicate field \"" + path + "\"";
    if (c.request.options.fields == api::validation::strict)
      return bad_request("error strict decoding YAML: " + what);
    c.warnings.push_back(std::move(what));
  }
  return tree;
}

/// "apps/v1, Kind=Deployment"
std::string described(std::string_view api_version, std::string_view kind) {
  auto slashed = api_version.find('/') == api_version.npos ? "/" : "";
  return slashed + std::string{api_version} + ", Kind=" + std::string{kind};
}

std::string text_in(const json& tree, const char* key) {
  auto at = tree.find(key);
  return at != tree.end() && at->is_string() ? at->get<std::string>() : std::string{};
}

result<void> check_kind(const json& tree, std::string_view api_version, std::string_view kind) {
  auto have_version = text_in(tree, "apiVersion");
  auto have_kind = text_in(tree, "kind");
  for (auto [name, value] : {std::pair{"Kind", &have_kind}, std::pair{"apiVersion", &have_version}})
    if (value->empty())
      return bad_request("Object '" + std::string{name}
                         + "' is missing in the applied configuration");
  if (have_version != api_version || have_kind != kind)
    return bad_request("invalid object type: " + described(have_version, have_kind));
  return {};
}

failure untyped(const context& c, const schema::resource& of, const json& tree,
                const std::vector<std::string>& problems) {
  auto meta = tree.value("metadata", json::object());
  auto text = problems.size() == 1 ? problems[0] : std::string{"errors:"};
  if (problems.size() > 1)
    for (const auto& p : problems)
      text += "\n  " + p;
  auto ns = c.request.ns.empty() ? std::string{} : c.request.ns;
  return bad_request("failed to create typed patch object (" + ns + "/" + c.request.name + "; "
                     + described(of.api_version(), of.kind) + "): " + text);
}

/// Types, fields, entries: whether the schema has a place for all that is applied.
result<void> check_content(const context& c, const schema::resource& of, json& tree) {
  std::vector<std::string> problems;
  for (const auto& wrong : schema::check_types(*of.of, tree, 5))
    problems.push_back("." + wrong.field + ": " + wrong.message);
  if (problems.empty())
    problems = apply::check_config(*of.of, tree);
  if (!problems.empty())
    return untyped(c, of, tree, problems);
  return {};
}

/// Whoever applies what is not there must be allowed to create it.
result<void> may_create(const context& c) {
  auto asked = c.request;
  asked.verb = api::verb::create;
  asked.body.clear();
  return authz::authorize(asked, c.view, *policy_of(c.env, c.view));
}

result<step> create_by_apply(context& c, json config) {
  if (!c.request.subresource.empty())
    return not_found(c, c.request.name);
  CHECK_RETURN(may_create(c));
  if (auto uid = text_in(config["metadata"], "uid"); !uid.empty())
    return conflict(c, c.request.name,
                    "uid mismatch: the provided object specified uid " + uid
                      + ", and no existing object was found");
  apply::managers owners;
  kind_versions others{c};
  auto made = apply::apply(owners, writing_of(c, others), nullptr, config, false);
  CHECK_RETURN(check_patched(c, c.of, made.tree, config));
  return create_from(c, std::move(made.tree), std::move(owners));
}

} // namespace

result<json> read_config(context& c, const schema::resource& of) {
  CHECK_RETURN(check_options(c));
  OR_RETURN(auto tree, read_body(c));
  CHECK_RETURN(check_kind(tree, of.api_version(), of.kind));
  auto& meta = tree["metadata"];
  if (meta.is_null())
    meta = json::object();
  if (meta.is_object() && meta.contains("managedFields") && !meta["managedFields"].is_null())
    return bad_request("metadata.managedFields must be nil");
  CHECK_RETURN(check_content(c, of, tree));
  for (const char* key : {"name", "namespace", "uid", "resourceVersion"})
    if (auto at = meta.find(key); at != meta.end() && at->is_null())
      meta.erase(at);
  CHECK_RETURN(match_path(c, tree));
  return tree;
}

result<applied> apply_to(context& c, const found& old, const json& config) {
  applied out{.tree = {}, .owners = apply::read_managers(old.owners)};
  kind_versions others{c};
  auto made = apply::apply_as_kubectl(out.owners, writing_of(c, others), &old.tree, config,
                                      c.request.options.force);
  if (!made.conflicts.empty())
    return apply::conflict_failure(made.conflicts);
  out.tree = std::move(made.tree);
  return out;
}

result<step> apply_object(context& c) {
  OR_RETURN(auto config, read_config(c, c.of));
  OR_RETURN(auto version, version_in(config));
  if (!c.view.get(c.key()))
    return create_by_apply(c, std::move(config));
  config["metadata"].erase("resourceVersion");
  OR_RETURN(auto old, fetch(c, c.request.ns, c.request.name));
  if (version && *version != old.version())
    return conflict(c, c.request.name);
  CHECK_RETURN(check_uid(c, config, old.tree));
  OR_RETURN(auto made, apply_to(c, old, config));
  CHECK_RETURN(check_patched(c, c.of, made.tree, config));
  return replace_object(c, old,
                        {std::move(made.tree), version.has_value(), std::move(made.owners)});
}

} // namespace troupe::pipeline
