// Tokens of service accounts: asked for (TokenRequest) and asked about (TokenReview).
#include "actors/api/auth/tokens.hpp"

#include "actors/api/pipeline/admission_steps.hpp"
#include "actors/api/pipeline/body.hpp"
#include "actors/api/pipeline/change.hpp"
#include "actors/api/pipeline/virtual_kinds.hpp"
#include "actors/api/rules/checks.hpp"
#include "actors/api/rules/rules.hpp"
#include "config/api/peek.hpp"

namespace troupe::pipeline {
namespace {

using rules::field_path;
using rules::member;
using rules::text_of;

constexpr std::int64_t least_seconds = 600;
constexpr std::int64_t most_seconds = std::int64_t{1} << 32;
constexpr std::int64_t usual_seconds = 3600;

std::vector<std::string> texts_in(const json& list) {
  std::vector<std::string> out;
  for (const auto& e : list)
    out.push_back(e.get<std::string>());
  return out;
}

/// How long the token is to live. Fails with invalid.
result<std::int64_t> lifetime(context& c, const schema::resource& kind, json& spec) {
  auto wanted = rules::number_of(spec, "expirationSeconds").value_or(usual_seconds);
  rules::field_errors errors;
  if (wanted < least_seconds)
    errors.invalid(field_path{"spec.expirationSeconds"}, wanted,
                   "may not specify a duration less than 10 minutes");
  if (wanted > most_seconds)
    errors.invalid(field_path{"spec.expirationSeconds"}, wanted,
                   "may not specify a duration larger than 2^32 seconds");
  if (!errors.empty())
    return rules::invalid(kind, c.request.name, errors);
  auto bound = c.env.tokens->most_seconds;
  if (bound > 0 && wanted > bound) {
    c.warnings.push_back("requested expiration of " + std::to_string(wanted)
                         + " seconds shortened to " + std::to_string(bound) + " seconds");
    wanted = bound;
  }
  spec["expirationSeconds"] = wanted;
  return wanted;
}

struct bound_kind {
  std::string_view kind;
  std::string_view plural;
  bool namespaced;
  std::optional<authn::reference> authn::token_claims::*place;
};
constexpr std::array<bound_kind, 3> bound_kinds{
  {{"Pod", "pods", true, &authn::token_claims::pod},
   {"Secret", "secrets", true, &authn::token_claims::secret},
   {"Node", "nodes", false, &authn::token_claims::node}}};

failure other_uid(const std::string& wanted) {
  return {.reason = reason::conflict,
          .message = "Operation cannot be fulfilled on serviceaccounts \"token\": the UID in the "
                     "bound object reference ("
                     + wanted
                     + ") does not match the UID in record. The object might have been deleted "
                       "and then recreated"};
}

/// A pod's token dies with the pod, and says on which node the pod is.
result<void> bind_to_pod(const context& c, const store::record& pod, authn::token_claims& claims) {
  if (api::peek_text(*pod.value, {"spec", "serviceAccountName"}) != claims.account.name)
    return bad_request("cannot bind token for serviceaccount \"" + claims.account.name
                       + "\" to pod running with different serviceaccount name.");
  auto node = api::peek_text(*pod.value, {"spec", "nodeName"});
  auto record = node.empty() ? nullptr : c.view.get("/registry/core/nodes/" + node);
  if (record)
    claims.node = {node, api::peek_text(*record->value, {"metadata", "uid"})};
  return {};
}

/// What the token is bound to: it is there, and it is the one that was meant.
result<void> bind_token(const context& c, json& spec, authn::token_claims& claims) {
  const auto& ref = member(spec, "boundObjectRef");
  if (!ref.is_object())
    return {};
  auto kind = text_of(ref, "kind");
  auto known = std::find_if(bound_kinds.begin(), bound_kinds.end(),
                            [&](const bound_kind& k) { return k.kind == kind; });
  auto version = text_of(ref, "apiVersion");
  if (known == bound_kinds.end() || (!version.empty() && version != "v1"))
    return bad_request("cannot bind token to object of type " + version + ", Kind=" + kind);
  auto name = text_of(ref, "name");
  auto record = c.view.get(key_of({.group = "",
                                   .plural = std::string{known->plural},
                                   .ns = known->namespaced ? c.request.ns : "",
                                   .name = name}));
  if (name.empty() || !record)
    return failure{.reason = reason::not_found,
                   .message = std::string{known->plural} + " \"" + name + "\" not found"};
  auto uid = api::peek_text(*record->value, {"metadata", "uid"});
  if (auto wanted = text_of(ref, "uid"); !wanted.empty() && wanted != uid)
    return other_uid(wanted);
  claims.*(known->place) = {name, uid};
  spec["boundObjectRef"]["uid"] = uid;
  if (kind == "Pod")
    return bind_to_pod(c, *record, claims);
  return {};
}

const schema::resource& token_request_kind(const context& c) {
  static const auto kind = [&] {
    schema::resource out{.group = "authentication.k8s.io",
                         .version = "v1",
                         .plural = "tokenrequests",
                         .singular = "tokenrequest",
                         .kind = "TokenRequest",
                         .list_kind = {},
                         .namespaced = true};
    out.of = c.env.catalog->definition("io.k8s.api.authentication.v1.TokenRequest");
    return out;
  }();
  return kind;
}

/// `status` of a TokenReview: whose token it is, or why nobody's.
json reviewed(const context& c, const json& spec) {
  auto audiences = texts_in(member(spec, "audiences"));
  if (audiences.empty())
    audiences = c.env.tokens->audiences;
  auto claims = authn::read(*c.env.tokens, text_of(spec, "token"));
  auto user = claims ? authn::check(*claims, audiences, c.env.now, c.view)
                     : result<authn::token_user>{claims.error()};
  if (!user)
    return {{"user", json::object()},
            {"error", "[invalid bearer token, " + user.error().message + "]"}};
  json info{{"username", user->who.name}, {"uid", user->who.uid}, {"groups", user->who.groups}};
  if (!user->who.extra.empty())
    info["extra"] = user->who.extra;
  return {{"authenticated", true}, {"user", std::move(info)}, {"audiences", user->audiences}};
}

} // namespace

result<step> tokens_not_served(context&) {
  return failure{.reason = reason::not_found,
                 .message = "this server has no key for service account tokens"};
}

result<step> request_token(context& c) {
  if (!c.env.tokens)
    return tokens_not_served(c);
  const auto& kind = token_request_kind(c);
  OR_RETURN(auto tree, decode_body(c, kind));
  CHECK_RETURN(match_path(c, tree));
  OR_RETURN(auto account, fetch(c, c.request.ns, c.request.name));
  auto& spec = tree["spec"];
  if (!spec.is_object())
    spec = json::object();
  OR_RETURN(auto seconds, lifetime(c, kind, spec));
  if (member(spec, "audiences").empty())
    spec["audiences"] = c.env.tokens->audiences;
  authn::token_claims claims{.ns = c.request.ns,
                             .account = {c.request.name, text_of(account.tree["metadata"], "uid")},
                             .audiences = texts_in(spec["audiences"]),
                             .id = make_uid(c.env.random),
                             .issued = c.env.now,
                             .expires = c.env.now + std::chrono::seconds{seconds}};
  CHECK_RETURN(node_may_have_token(c.request, spec, c.view));
  CHECK_RETURN(bind_token(c, spec, claims));
  OR_RETURN(auto token, authn::issue(*c.env.tokens, claims));
  tree["metadata"]["creationTimestamp"] = api::format_time(c.env.now);
  tree["status"] = {{"token", std::move(token)},
                    {"expirationTimestamp", api::format_time(claims.expires)}};
  return answer_created(c, kind, tree, false);
}

result<step> review_token(context& c) {
  if (!c.env.tokens)
    return tokens_not_served(c);
  OR_RETURN(auto tree, decode_body(c, c.of));
  const auto spec = member(tree, "spec");
  if (text_of(spec, "token").empty())
    return bad_request("token is required for TokenReview in authentication");
  tree["status"] = reviewed(c, spec);
  auto good = tree["status"].contains("authenticated");
  return answer_created(c, c.of, tree, !good);
}

} // namespace troupe::pipeline
