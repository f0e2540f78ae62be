// The scale subresource: a workload seen as a number of replicas (autoscaling/v1 Scale).
#include "actors/api/pipeline/answer.hpp"
#include "actors/api/pipeline/apply.hpp"
#include "actors/api/pipeline/body.hpp"
#include "actors/api/pipeline/change.hpp"
#include "actors/api/pipeline/update.hpp"
#include "actors/api/rules/rules.hpp"
#include "config/api/selector.hpp"
#include "config/schema/walk.hpp"

namespace troupe::pipeline {
namespace {

constexpr std::string_view scale_version = "autoscaling/v1";

/// The Scale of a workload.
json scale_of(const context& c, const json& tree) {
  const auto spec = tree.value("spec", json::object());
  const auto status = tree.value("status", json::object());
  json meta = json::object();
  for (const char* key : {"name", "namespace", "uid", "creationTimestamp"})
    if (auto at = tree["metadata"].find(key); at != tree["metadata"].end())
      meta[key] = *at;
  json out{{"apiVersion", scale_version}, {"kind", "Scale"}, {"metadata", std::move(meta)}};
  auto replicas = spec.value("replicas", std::int64_t{c.of.group.empty() ? 1 : 1});
  out["spec"] = replicas == 0 ? json::object() : json{{"replicas", replicas}};
  out["status"] = {{"replicas", status.value("replicas", std::int64_t{0})}};
  auto wanted = spec.value("selector", json());
  auto plain = c.of.group.empty(); // a ReplicationController's selector is a map
  auto selector =
    plain ? api::label_selector_of_map(wanted) : api::label_selector_of(wanted).value_or({});
  if (!selector.nothing && !selector.all.empty())
    out["status"]["selector"] = api::to_string(selector);
  return out;
}

const schema::resource* scale_kind(const context& c) {
  static const schema::resource scale{.group = "autoscaling",
                                      .version = "v1",
                                      .plural = "scales",
                                      .singular = "scale",
                                      .kind = "Scale",
                                      .list_kind = {},
                                      .namespaced = true};
  (void)c;
  return &scale;
}

/// The Scale that the client wants, from a PUT or a PATCH.
result<json> wanted_scale(context& c, const schema::resource& kind, const json& current) {
  if (c.request.verb == api::verb::update) {
    OR_RETURN(auto tree, decode_body(c, kind));
    CHECK_RETURN(match_path(c, tree));
    return tree;
  }
  OR_RETURN(auto document, parse_body(c, nullptr));
  OR_RETURN(auto tree, apply_patch(c, current, *kind.of, document));
  CHECK_RETURN(check_patched(c, kind, tree, document));
  return tree;
}

result<std::int64_t> replicas_in(const schema::resource& kind, const json& scale,
                                 std::string_view name) {
  auto replicas = scale.value("spec", json::object()).value("replicas", std::int64_t{0});
  if (replicas >= 0)
    return replicas;
  rules::field_errors errors;
  errors.invalid(rules::field_path{"spec.replicas"}, replicas,
                 "must be greater than or equal to 0");
  return rules::invalid(kind, name, errors);
}

/// The response of a change of the workload, shown as its Scale.
step as_scale(const context& c, const form& shown, const json& tree, step changed) {
  auto body = share(api::encode(scale_of(c, tree)));
  auto show = [shown, body](api::response r) {
    if (r.code >= 300)
      return r;
    auto out = answer_object(shown, *body, r.version, 200);
    out.warnings = std::move(r.warnings);
    return out;
  };
  if (auto* done = std::get_if<finished>(&changed))
    done->response = show(std::move(done->response));
  if (auto* w = std::get_if<write>(&changed))
    w->answer = [show, inner = std::move(w->answer)](
                  const store::outcome& o) -> std::optional<api::response> {
      auto r = inner(o);
      return r ? std::optional{show(std::move(*r))} : std::nullopt;
    };
  return changed;
}

/// An apply of a Scale: of the one field that it stands for, in the workload's own version.
result<step> apply_scale(context& c, const schema::resource& kind, const form& shown,
                         const found& old) {
  OR_RETURN(auto scale, read_config(c, kind));
  OR_RETURN(auto version, version_in(scale));
  if (version && *version != old.version())
    return conflict(c, c.request.name);
  CHECK_RETURN(check_uid(c, scale, old.tree));
  json config{{"apiVersion", c.of.api_version()}, {"kind", c.of.kind}};
  config["metadata"]["name"] = c.request.name;
  auto spec = scale.value("spec", json::object());
  if (spec.is_object() && spec.contains("replicas") && !spec["replicas"].is_null()) {
    OR_RETURN(auto replicas, replicas_in(kind, scale, c.request.name));
    config["spec"]["replicas"] = replicas;
  }
  OR_RETURN(auto made, apply_to(c, old, config));
  if (!config.contains("spec")) // given up, not set to nothing
    made.tree["spec"] = old.tree.value("spec", json::object());
  auto shown_tree = made.tree;
  c.sub = nullptr; // from here on it is a change of the workload's spec
  OR_RETURN(
    auto changed,
    replace_object(c, old, {std::move(made.tree), version.has_value(), std::move(made.owners)}));
  return as_scale(c, shown, shown_tree, std::move(changed));
}

} // namespace

result<step> scale_object(context& c) {
  auto kind = *scale_kind(c);
  kind.of = c.env.catalog->definition("io.k8s.api.autoscaling.v1.Scale");
  if (!kind.of)
    return failure{.reason = reason::not_found,
                   .message = "the server could not find the requested resource"};
  form shown{c.env.catalog, &c.of, kind.of, c.request.answer, c.env.now};
  if (shown.wanted.transform == api::wanted::transform::table)
    shown.wanted.transform = api::wanted::transform::none; // a Scale has no columns
  OR_RETURN(auto old, fetch(c, c.request.ns, c.request.name));
  auto current = scale_of(c, old.tree);
  if (c.request.verb == api::verb::get)
    return step{finished{answer_object(shown, api::encode(current), old.version(), 200)}};
  if (c.request.verb == api::verb::patch && c.request.patch == api::patch_type::apply)
    return apply_scale(c, kind, shown, old);
  current["metadata"]["resourceVersion"] = to_string(old.version());
  OR_RETURN(auto wanted, wanted_scale(c, kind, current));
  auto version = wanted["metadata"].value("resourceVersion", "");
  if (!version.empty() && version != "0" && version != to_string(old.version()))
    return conflict(c, c.request.name);
  CHECK_RETURN(check_uid(c, wanted, old.tree));
  OR_RETURN(auto replicas, replicas_in(kind, wanted, c.request.name));
  auto tree = old.tree;
  tree["spec"]["replicas"] = replicas;
  auto shown_tree = tree;
  c.sub = nullptr; // from here on it is a change of the workload's spec
  auto named = c.request.verb == api::verb::update && !version.empty() && version != "0";
  OR_RETURN(auto changed, replace_object(c, old, {std::move(tree), named}));
  return as_scale(c, shown, shown_tree, std::move(changed));
}

} // namespace troupe::pipeline
