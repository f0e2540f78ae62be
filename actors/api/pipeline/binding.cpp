// Binding a pod to a node: pods/binding, and the legacy bindings resource.
#include "actors/api/pipeline/body.hpp"
#include "actors/api/pipeline/change.hpp"
#include "actors/api/rules/checks.hpp"

#include <algorithm>

namespace troupe::pipeline {
namespace {

/// What a pod's state says against binding it; empty: nothing.
std::string obstacle(const json& pod, const std::string& name) {
  const auto& meta = pod.at("metadata");
  const auto& spec = rules::member(pod, "spec");
  if (meta.contains("deletionTimestamp"))
    return "pod " + name + " is being deleted, cannot be assigned to a host";
  if (auto bound = rules::text_of(spec, "nodeName"); !bound.empty())
    return "pod " + name + " is already assigned to node \"" + bound + "\"";
  if (!rules::member(spec, "schedulingGates").empty())
    return "pod " + name + " has non-empty .spec.schedulingGates";
  return {};
}

void set_scheduled(json& pod, instant now) {
  auto& conditions = pod["status"]["conditions"];
  if (!conditions.is_array())
    conditions = json::array();
  json entry{
    {"type", "PodScheduled"}, {"status", "True"}, {"lastTransitionTime", api::format_time(now)}};
  auto old = std::find_if(conditions.begin(), conditions.end(),
                          [](const json& c) { return c.value("type", "") == "PodScheduled"; });
  if (old == conditions.end())
    conditions.push_back(std::move(entry));
  else
    *old = std::move(entry);
}

} // namespace

result<step> bind_pod(context& c) {
  const auto* pods = c.env.catalog->find("", "v1", "pods");
  const auto* bindings = c.env.catalog->find("", "v1", "bindings");
  if (!pods || !bindings)
    return failure{.reason = reason::not_found,
                   .message = "the server could not find the requested resource"};
  OR_RETURN(auto binding, decode_body(c, *bindings));
  auto name = binding["metadata"].value("name", "");
  if (name.empty())
    name = c.request.name;
  if (name.empty() || (!c.request.name.empty() && name != c.request.name))
    return bad_request("the name of the binding (" + name + ") does not match the name on the URL ("
                       + c.request.name + ")");
  auto ns = binding["metadata"].value("namespace", c.request.ns);
  if (ns != c.request.ns)
    return bad_request(
      "the namespace of the provided object does not match the namespace sent on the request");
  const auto target = binding.value("target", json::object());
  auto node = target.value("name", "");
  if (node.empty() || (target.value("kind", "Node") != "Node" && target.value("kind", "") != ""))
    return bad_request("a binding needs a target of kind Node with a name");
  context of_pod{.request = c.request, .view = c.view, .env = c.env, .of = *pods, .stored = *pods};
  OR_RETURN(auto old, fetch(of_pod, ns, name));
  auto uid = binding["metadata"].value("uid", "");
  if (!uid.empty() && uid != old.tree["metadata"].value("uid", ""))
    return failure{.reason = reason::conflict,
                   .message = "Operation cannot be fulfilled on pods/binding \"" + name
                              + "\": Precondition failed: UID in precondition: " + uid
                              + ", UID in object meta: " + old.tree["metadata"].value("uid", "")};
  if (auto why = obstacle(old.tree, name); !why.empty())
    return failure{.reason = reason::conflict,
                   .message =
                     "Operation cannot be fulfilled on pods/binding \"" + name + "\": " + why};
  auto tree = std::move(old.tree);
  tree["spec"]["nodeName"] = node;
  for (const char* key : {"annotations", "labels"})
    if (auto more = binding["metadata"].find(key);
        more != binding["metadata"].end() && !more->empty())
      tree["metadata"][key].update(*more);
  set_scheduled(tree, c.env.now);
  store::transaction tx;
  tx.fence = c.request.fence;
  tx.cause = c.request.cause;
  tx.when.push_back(
    {.what = store::predicate::test::modified_is, .key = old.record->key, .at = old.version()});
  tx.then.push_back({.what = store::operation::kind::put,
                     .key = old.record->key,
                     .value = api::encode(tree, old.owners)});
  auto done = api::status_success(c.request, {});
  done.code = 201;
  done.body =
    share(R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","code":201})");
  if (c.request.options.dry_run)
    return step{finished{std::move(done), true}};
  auto stale = scope_ended(c);
  auto answer = [done, stale](const store::outcome& o) -> std::optional<api::response> {
    if (o.what == store::outcome::status::stale_term)
      return stale;
    if (o.what == store::outcome::status::predicate_failed)
      return std::nullopt;
    auto out = done;
    out.version = o.first;
    return out;
  };
  return step{write{std::move(tx), std::move(answer)}};
}

} // namespace troupe::pipeline
