#include "actors/api/auth/tokens.hpp"

#include "config/api/peek.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::authn {
namespace {

using nlohmann::json;

constexpr duration leeway = 1min;
constexpr auto own_claims = "kubernetes.io";
constexpr std::string_view extra_prefix = "authentication.kubernetes.io/";

failure refused(std::string why) {
  return {.reason = reason::unauthorized, .message = std::move(why)};
}

std::int64_t seconds_of(instant t) {
  return std::chrono::duration_cast<std::chrono::seconds>(t.time_since_epoch()).count();
}

const json& member(const json& tree, const char* key) {
  static const json none;
  auto at = tree.is_object() ? tree.find(key) : tree.end();
  return at == tree.end() ? none : *at;
}

std::string text_in(const json& tree, const char* key) {
  const auto& value = member(tree, key);
  return value.is_string() ? value.get<std::string>() : std::string{};
}

/// Seconds since 1970; what is no number, or no time, is the beginning.
instant time_in(const json& tree, const char* key) {
  constexpr double latest = 9e9; // in the year 2255: nanoseconds still fit
  const auto& value = member(tree, key);
  auto seconds = value.is_number() ? value.get<double>() : 0.0;
  if (!(seconds >= 0 && seconds < latest))
    return instant{};
  return instant{std::chrono::seconds{static_cast<std::int64_t>(seconds)}};
}

json to_json(const reference& r) { return {{"name", r.name}, {"uid", r.uid}}; }

std::optional<reference> read_reference(const json& from, const char* key) {
  const auto& at = member(from, key);
  if (!at.is_object())
    return std::nullopt;
  return reference{text_in(at, "name"), text_in(at, "uid")};
}

std::vector<std::string> texts_of(const json& value) {
  std::vector<std::string> out;
  if (value.is_string())
    out.push_back(value.get<std::string>());
  if (value.is_array())
    for (const auto& e : value)
      if (e.is_string())
        out.push_back(e.get<std::string>());
  return out;
}

/// The object is there, is the very one, and was not told to go more than a minute ago.
result<void> still_there(const store::view& view, const std::string& key, const reference& r,
                         const char* kind, instant now) {
  auto record = view.get(key);
  auto gone = refused(std::string{kind} + " " + r.name + " has been deleted");
  if (!record)
    return gone;
  if (auto deleted = api::peek_text(*record->value, {"metadata", "deletionTimestamp"});
      !deleted.empty())
    if (auto at = api::parse_time(deleted); at && *at + leeway < now)
      return gone;
  if (api::peek_text(*record->value, {"metadata", "uid"}) != r.uid)
    return refused(std::string{kind} + " UID of " + r.name + " does not match the token's");
  return {};
}

void tell_of(const std::optional<reference>& r, const std::string& kind, api::user& to) {
  if (!r)
    return;
  to.extra[std::string{extra_prefix} + kind + "-name"] = {r->name};
  to.extra[std::string{extra_prefix} + kind + "-uid"] = {r->uid};
}

} // namespace

result<std::string> issue(const token_authority& by, const token_claims& what) {
  json own{{"namespace", what.ns}, {"serviceaccount", to_json(what.account)}};
  if (what.pod)
    own["pod"] = to_json(*what.pod);
  if (what.secret)
    own["secret"] = to_json(*what.secret);
  if (what.node)
    own["node"] = to_json(*what.node);
  json claims{{"iss", by.issuer},
              {"sub", "system:serviceaccount:" + what.ns + ":" + what.account.name},
              {"aud", what.audiences},
              {"jti", what.id},
              {"iat", seconds_of(what.issued)},
              {"nbf", seconds_of(what.issued)},
              {"exp", seconds_of(what.expires)},
              {own_claims, std::move(own)}};
  return pki::sign_jwt(by.signs, claims.dump());
}

result<token_claims> read(const token_authority& by, std::string_view token) {
  OR_RETURN(auto text, pki::verify_jwt(token, by.verifies));
  auto tree = json::parse(text, nullptr, false);
  if (text_in(tree, "iss") != by.issuer)
    return refused("the token is of another issuer");
  const auto& own = member(tree, own_claims);
  auto account = read_reference(own, "serviceaccount");
  token_claims out{.ns = text_in(own, "namespace"), .account = account.value_or(reference{})};
  out.pod = read_reference(own, "pod");
  out.secret = read_reference(own, "secret");
  out.node = read_reference(own, "node");
  out.audiences = texts_of(member(tree, "aud"));
  out.id = text_in(tree, "jti");
  out.issued = std::max(time_in(tree, "nbf"), time_in(tree, "iat"));
  out.expires = time_in(tree, "exp");
  auto subject = authz::account_of(text_in(tree, "sub"));
  if (out.ns.empty() || out.account.name.empty() || out.account.uid.empty() || subject.ns != out.ns
      || subject.name != out.account.name)
    return refused("the token is no service account's");
  return out;
}

result<token_user> check(const token_claims& claims, const std::vector<std::string>& audiences,
                         instant now, const store::view& view) {
  if (claims.expires + leeway < now)
    return refused("service account token has expired");
  if (now + leeway < claims.issued)
    return refused("service account token is not valid yet");
  token_user out;
  for (const auto& a : audiences)
    if (std::find(claims.audiences.begin(), claims.audiences.end(), a) != claims.audiences.end())
      out.audiences.push_back(a);
  if (out.audiences.empty())
    return refused("token audiences are none of those that are accepted here");
  const auto& ns = claims.ns;
  CHECK_RETURN(still_there(view, "/registry/core/serviceaccounts/" + ns + "/" + claims.account.name,
                           claims.account, "service account", now));
  if (claims.pod)
    CHECK_RETURN(still_there(view, "/registry/core/pods/" + ns + "/" + claims.pod->name,
                             *claims.pod, "pod", now));
  if (claims.secret)
    CHECK_RETURN(still_there(view, "/registry/core/secrets/" + ns + "/" + claims.secret->name,
                             *claims.secret, "secret", now));
  if (claims.node && !claims.pod)
    CHECK_RETURN(
      still_there(view, "/registry/core/nodes/" + claims.node->name, *claims.node, "node", now));
  out.who = {.name = "system:serviceaccount:" + ns + ":" + claims.account.name,
             .groups = authz::account_groups(ns),
             .uid = claims.account.uid};
  out.who.groups.emplace_back("system:authenticated");
  if (!claims.id.empty())
    out.who.extra[std::string{extra_prefix} + "credential-id"] = {"JTI=" + claims.id};
  tell_of(claims.pod, "pod", out.who);
  tell_of(claims.node, "node", out.who);
  return out;
}

result<token_claims> token_reader::read(const token_authority& by, std::string_view token) {
  auto id = pki::sha256_hex(token);
  if (auto found = known_.find(id); found != known_.end())
    return found->second;
  OR_RETURN(auto claims, authn::read(by, token));
  if (known_.size() >= most)
    known_.clear();
  known_.emplace(std::move(id), claims);
  return claims;
}

} // namespace troupe::authn
