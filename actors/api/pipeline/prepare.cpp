// The entry: finds the resource, checks that it may be asked so, and hands over to the verb.
#include "actors/api/pipeline/context.hpp"
#include "actors/api/pipeline/list.hpp"
#include "actors/api/pipeline/virtual_kinds.hpp"
#include "config/versions/versions.hpp"

#include <nlohmann/json.hpp>

namespace troupe::pipeline {
namespace {

using api::verb;

failure no_such_path() {
  return {.reason = reason::not_found,
          .message = "the server could not find the requested resource"};
}
failure no_such_method() {
  return {.reason = reason::method_not_allowed,
          .message = "the server does not allow this method on the requested resource"};
}

std::uint16_t bit_of(verb v) {
  switch (v) {
  case verb::get: return schema::verb_get;
  case verb::list: return schema::verb_list;
  case verb::watch: return schema::verb_watch;
  case verb::create: return schema::verb_create;
  case verb::update: return schema::verb_update;
  case verb::patch: return schema::verb_patch;
  case verb::remove: return schema::verb_delete;
  case verb::remove_collection: return schema::verb_deletecollection;
  case verb::document: return 0;
  }
  return 0;
}

/// Subresources that are about the stored object itself.
bool of_object(std::string_view sub) {
  return sub == "status" || sub == "finalize" || sub == "approval" || sub == "ephemeralcontainers"
         || sub == "resize";
}

result<step> dispatch_subresource(context& c) {
  auto name = c.sub->name;
  if (name == "scale")
    return scale_object(c);
  if (!of_object(name))
    return no_such_method(); // exec, attach, portforward, proxy: not the pipeline's
  switch (c.request.verb) {
  case verb::get: return get_object(c);
  case verb::update: return update_object(c);
  case verb::patch: return patch_object(c);
  default: return no_such_method();
  }
}

result<step> dispatch(context& c) {
  if (auto answer = virtual_kind(c))
    return answer(c);
  if (c.sub)
    return dispatch_subresource(c);
  switch (c.request.verb) {
  case verb::get: return get_object(c);
  case verb::list: return list_objects(c);
  case verb::watch: return plan_watch(c);
  case verb::create: return create_object(c);
  case verb::update: return update_object(c);
  case verb::patch: return patch_object(c);
  case verb::remove: return remove_object(c);
  case verb::remove_collection: return remove_collection(c);
  case verb::document: break;
  }
  return no_such_path();
}

bool writes(verb v) {
  return v != verb::get && v != verb::list && v != verb::watch && v != verb::document;
}

/// A failure as a response; Invalid names the kind, everything else the resource.
finished refused(const failure& why, const api::request& about, const schema::resource& of) {
  auto kind = why.reason == reason::invalid ? of.kind : std::string_view{};
  return {api::status_of(why, about, kind), writes(about.verb)};
}

result<step> run(const api::request& r, const store::view& view, const environment& env) {
  const auto* of = env.catalog->find(r.group, r.version, r.resource);
  if (!of || (!of->namespaced && !r.ns.empty()))
    return no_such_path();
  const auto* sub = r.subresource.empty() ? nullptr : of->find(r.subresource);
  if (!r.subresource.empty() && !sub)
    return no_such_path();
  if (((sub ? sub->verbs : of->verbs) & bit_of(r.verb)) == 0)
    return no_such_method();
  if (of->namespaced && r.ns.empty() && (!r.name.empty() || r.verb == verb::create))
    return bad_request("an empty namespace may not be set when a resource name is provided");
  if (r.name.find('/') != r.name.npos || r.ns.find('/') != r.ns.npos)
    return bad_request("a name in the path may not contain '/'");
  if (r.fence && !env.leader_scope)
    return failure{.reason = reason::forbidden,
                   .message = "a fence may be set by the leader scope of this master only"};
  context c{.request = r,
            .view = view,
            .env = env,
            .of = *of,
            .stored = versions::stored_as(*env.catalog, *of),
            .sub = sub};
  if (!of->warning.empty())
    c.warnings.emplace_back(of->warning);
  auto out = dispatch(c);
  if (!out) {
    api::request about;
    about.verb = r.verb;
    about.group = r.group;
    about.resource = r.resource;
    about.name = c.object_name;
    return step{refused(out.error(), about, *of)};
  }
  if (c.warnings.empty())
    return out;
  if (auto* done = std::get_if<finished>(&*out); done && done->response.warnings.empty())
    done->response.warnings = c.warnings;
  return out;
}

} // namespace

step prepare(const api::request& r, const store::view& view, const environment& env) {
  auto out = [&]() -> result<step> {
    try {
      return run(r, view, env);
    } catch (
      const json::exception& e) { // the shape of every body was checked: this is a fault of ours
      return failure{.reason = reason::internal,
                     .message = std::string{"preparing the request: "} + e.what()};
    }
  }();
  if (out)
    return std::move(*out);
  return finished{api::status_of(out.error(), r), writes(r.verb)};
}

api::response exhausted(const api::request& r) {
  auto name = r.resource + (r.group.empty() ? "" : "." + r.group) + " \"" + r.name + "\"";
  return api::status_of({.reason = reason::conflict,
                         .message = "Operation cannot be fulfilled on " + name
                                    + ": it changed at every one of " + std::to_string(max_attempts)
                                    + " attempts; please try again"},
                        r);
}

api::response expired(const api::request& r) {
  auto token = parse_token(r.options.next);
  if (r.verb == api::verb::list && token) {
    auto out = api::status_of({.reason = reason::expired,
                               .message = "the continue parameter is too old for a consistent "
                                          "list: start again without it, or go on with the one "
                                          "in this answer, whose list is of the latest version "
                                          "and so inconsistent with the pages before"},
                              r);
    token->at = {};
    auto tree = nlohmann::ordered_json::parse(*out.body);
    tree["metadata"]["continue"] = to_text(*token);
    out.body = share(tree.dump());
    return out;
  }
  auto version = r.options.version ? to_string(*r.options.version) : std::string{"unset"};
  return api::status_of(
    {.reason = reason::expired, .message = "too old resource version: " + version}, r);
}

api::response too_new(const api::request& r, revision wanted, revision have) {
  failure why{.reason = reason::timeout,
              .message = "Too large resource version: " + to_string(wanted)
                         + ", current: " + to_string(have),
              .retry_after_seconds = 1};
  why.causes.push_back(
    {.field = {}, .type = "ResourceVersionTooLarge", .message = "Too large resource version"});
  return api::status_of(why, r);
}

} // namespace troupe::pipeline
