// Cases of service-account tokens, each named after the rule that it shows.
#include "actors/api/auth/tokens.hpp"
#include "tests/unit/actors/api/auth/world.hpp"

#include <doctest/doctest.h>

namespace troupe::authn {
namespace {

using authz::tests::json;
using authz::tests::world;

const instant now = instant{} + std::chrono::seconds{1'800'000'000};
constexpr auto own = "https://kubernetes.default.svc.cluster.local";

token_authority make_authority() {
  auto key = pki::key::generate().value();
  return {.signs = key,
          .verifies = {key},
          .issuer = own,
          .audiences = {own},
          .key_set_address = "https://127.0.0.1:6443/openid/v1/jwks"};
}

/// One cluster, one account with a pod on a node.
struct cluster {
  world w;
  token_authority keys = make_authority();
  token_claims good{.ns = "a",
                    .account = {"robot", "u-1"},
                    .audiences = {own},
                    .id = "jti-1",
                    .issued = now,
                    .expires = now + 1h};

  cluster() {
    put("serviceaccounts/a/robot", "u-1");
    put("pods/a/p", "p-1");
    put("secrets/a/s", "s-1");
    put("nodes/n1", "n-1");
  }
  void put(const std::string& key, const std::string& uid, json more = json::object()) {
    json meta{{"name", key.substr(key.rfind('/') + 1)}, {"uid", uid}};
    meta.update(more);
    w.put("core/" + key, {{"kind", "x"}, {"metadata", meta}});
  }
  /// What a whole token comes to; the failure's message, or "ok".
  std::string said(const token_claims& c, instant at = now,
                   std::vector<std::string> audiences = {own}) {
    auto token = issue(keys, c);
    REQUIRE(token);
    return read_as(*token, at, std::move(audiences));
  }
  std::string read_as(const std::string& token, instant at = now,
                      std::vector<std::string> audiences = {own}) {
    auto claims = read(keys, token);
    if (!claims)
      return claims.error().reason == reason::unauthorized ? claims.error().message : "not 401";
    auto user = check(*claims, audiences, at, *w.store.view());
    if (!user)
      return user.error().reason == reason::unauthorized ? user.error().message : "not 401";
    return "ok";
  }
  token_claims with(const std::function<void(token_claims&)>& change) const {
    auto out = good;
    change(out);
    return out;
  }
};

TEST_CASE(
  "tokens: a token says who and in which groups, with the pod and the credential as extra") {
  cluster c;
  auto claims = c.with([](auto& t) {
    t.pod = reference{"p", "p-1"};
    t.node = reference{"n1", "n-1"};
  });
  auto token = issue(c.keys, claims);
  REQUIRE(token);
  auto read_back = read(c.keys, *token);
  REQUIRE(read_back);
  CHECK(*read_back == claims);
  auto user = check(*read_back, {"other", own}, now, *c.w.store.view());
  REQUIRE(user);
  CHECK(user->who.name == "system:serviceaccount:a:robot");
  CHECK(user->who.uid == "u-1");
  CHECK(user->who.groups
        == std::vector<std::string>{"system:serviceaccounts", "system:serviceaccounts:a",
                                    "system:authenticated"});
  CHECK(user->audiences == std::vector<std::string>{own});
  CHECK(user->who.extra.at("authentication.kubernetes.io/credential-id")
        == std::vector<std::string>{"JTI=jti-1"});
  CHECK(user->who.extra.at("authentication.kubernetes.io/pod-name")
        == std::vector<std::string>{"p"});
  CHECK(user->who.extra.at("authentication.kubernetes.io/pod-uid")
        == std::vector<std::string>{"p-1"});
  CHECK(user->who.extra.at("authentication.kubernetes.io/node-name")
        == std::vector<std::string>{"n1"});
}

TEST_CASE("tokens: the claims are those of Kubernetes") {
  cluster c;
  auto token = issue(c.keys, c.with([](auto& t) { t.secret = reference{"s", "s-1"}; }));
  REQUIRE(token);
  auto first = token->find('.');
  auto payload =
    pki::from_base64url(std::string_view{*token}.substr(first + 1, token->rfind('.') - first - 1));
  REQUIRE(payload);
  CHECK(json::parse(*payload)
        == json{{"iss", own},
                {"sub", "system:serviceaccount:a:robot"},
                {"aud", json::array({own})},
                {"jti", "jti-1"},
                {"iat", 1'800'000'000},
                {"nbf", 1'800'000'000},
                {"exp", 1'800'003'600},
                {"kubernetes.io",
                 {{"namespace", "a"},
                  {"secret", {{"name", "s"}, {"uid", "s-1"}}},
                  {"serviceaccount", {{"name", "robot"}, {"uid", "u-1"}}}}}});
  auto head = json::parse(*pki::from_base64url(token->substr(0, first)));
  CHECK(head == json{{"alg", "ES256"}, {"kid", c.keys.signs.id()}});
}

TEST_CASE("tokens: dates hold within a minute's difference of clocks") {
  cluster c;
  CHECK(c.said(c.good, now) == "ok");
  CHECK(c.said(c.good, now + 1h) == "ok");
  CHECK(c.said(c.good, now + 1h + 59s) == "ok");
  CHECK(c.said(c.good, now + 1h + 61s) == "service account token has expired");
  CHECK(c.said(c.good, now - 59s) == "ok");
  CHECK(c.said(c.good, now - 61s) == "service account token is not valid yet");
}

TEST_CASE("tokens: audiences must meet") {
  cluster c;
  constexpr auto none = "token audiences are none of those that are accepted here";
  CHECK(c.said(c.with([](auto& t) { t.audiences = {"vault"}; })) == none);
  CHECK(c.said(c.with([](auto& t) { t.audiences = {}; })) == none);
  CHECK(c.said(c.with([](auto& t) { t.audiences = {"vault", own}; })) == "ok");
  CHECK(c.said(c.good, now, {"vault"}) == none);
  CHECK(c.said(c.with([](auto& t) { t.audiences = {"vault"}; }), now, {"x", "vault"}) == "ok");
}

TEST_CASE("tokens: they end with what they are bound to") {
  cluster c;
  auto pod = c.with([](auto& t) { t.pod = reference{"p", "p-1"}; });
  auto secret = c.with([](auto& t) { t.secret = reference{"s", "s-1"}; });
  auto node = c.with([](auto& t) { t.node = reference{"n1", "n-1"}; });
  CHECK(c.said(pod) == "ok");
  CHECK(c.said(secret) == "ok");
  CHECK(c.said(node) == "ok");
  c.put("pods/a/p", "p-2");
  CHECK(c.said(pod) == "pod UID of p does not match the token's");
  c.w.erase("core/pods/a/p");
  CHECK(c.said(pod) == "pod p has been deleted");
  c.w.erase("core/secrets/a/s");
  CHECK(c.said(secret) == "secret s has been deleted");
  c.w.erase("core/nodes/n1");
  CHECK(c.said(node) == "node n1 has been deleted");
  CHECK(c.said(c.good) == "ok");
  c.put("serviceaccounts/a/robot", "u-2");
  CHECK(c.said(c.good) == "service account UID of robot does not match the token's");
  c.w.erase("core/serviceaccounts/a/robot");
  CHECK(c.said(c.good) == "service account robot has been deleted");
}

TEST_CASE("tokens: a pod that is going keeps its token for a minute; its node may go first") {
  cluster c;
  auto claims = c.with([](auto& t) {
    t.pod = reference{"p", "p-1"};
    t.node = reference{"n1", "n-1"};
  });
  c.w.erase("core/nodes/n1");
  CHECK(c.said(claims) == "ok");
  c.put("pods/a/p", "p-1", {{"deletionTimestamp", api::format_time(now)}});
  CHECK(c.said(claims, now + 59s) == "ok");
  CHECK(c.said(claims, now + 61s) == "pod p has been deleted");
}

TEST_CASE("tokens: what was not signed by the cluster, or not so, is nobody's") {
  cluster c;
  constexpr auto nobodys = "the token is malformed or nobody's";
  auto token = issue(c.keys, c.good).value();
  auto first = token.find('.');
  auto last = token.rfind('.');
  auto head = token.substr(0, first);
  auto body = token.substr(first + 1, last - first - 1);
  auto signature = token.substr(last + 1);
  auto encoded = [](const json& j) { return pki::base64url(j.dump()); };
  auto signed_by = [](const pki::key& k, const std::string& part) {
    return part + "." + pki::base64url(k.sign(part).value());
  };
  auto other = make_authority();
  CHECK(c.read_as(token) == "ok");
  CHECK(c.read_as("") == nobodys);
  CHECK(c.read_as("abc") == nobodys);
  CHECK(c.read_as("..") == nobodys);
  CHECK(c.read_as(head + "." + body) == nobodys);
  CHECK(c.read_as(token + ".x") == nobodys);
  CHECK(c.read_as(head + "." + body + ".") == nobodys);
  CHECK(c.read_as(token + "=") == nobodys);
  CHECK(c.read_as(token.substr(0, token.size() - 2)) == nobodys);
  CHECK(c.read_as(issue(other, c.good).value()) == nobodys);
  // a changed body under an old signature
  auto forged = json::parse(*pki::from_base64url(body));
  forged["sub"] = "system:serviceaccount:kube-system:root";
  CHECK(c.read_as(head + "." + encoded(forged) + "." + signature) == nobodys);
  // no algorithm, another's algorithm, another's name
  CHECK(c.read_as(encoded({{"alg", "none"}}) + "." + body + ".") == nobodys);
  CHECK(c.read_as(encoded({{"alg", "HS256"}}) + "." + body + "." + signature) == nobodys);
  CHECK(c.read_as(signed_by(c.keys.signs, encoded({{"alg", "RS256"}}) + "." + body)) == nobodys);
  CHECK(c.read_as(signed_by(c.keys.signs, encoded({{"alg", "ES256"}, {"kid", "x"}}) + "." + body))
        == nobodys);
  CHECK(c.read_as(signed_by(c.keys.signs, encoded({{"alg", "ES256"}}) + "." + body)) == "ok");
  CHECK(c.read_as(signed_by(c.keys.signs,
                            encoded({{"alg", "ES256"}, {"crit", json::array({"x"})}}) + "." + body))
        == nobodys);
  CHECK(c.read_as(signed_by(c.keys.signs, encoded(json::array()) + "." + body)) == nobodys);
  CHECK(c.read_as(std::string(70'000, 'a') + "." + body + "." + signature) == nobodys);
}

TEST_CASE("tokens: signed by the cluster and yet no account's token") {
  cluster c;
  auto as = [&](const std::function<void(json&)>& change) {
    auto token = issue(c.keys, c.good).value();
    auto first = token.find('.');
    auto claims = json::parse(*pki::from_base64url(
      std::string_view{token}.substr(first + 1, token.rfind('.') - first - 1)));
    change(claims);
    return c.read_as(pki::sign_jwt(c.keys.signs, claims.dump()).value());
  };
  CHECK(as([](json&) {}) == "ok");
  CHECK(as([](json& j) { j["iss"] = "https://other"; }) == "the token is of another issuer");
  CHECK(as([](json& j) { j.erase("iss"); }) == "the token is of another issuer");
  CHECK(as([](json& j) { j["sub"] = "jane"; }) == "the token is no service account's");
  CHECK(as([](json& j) { j["sub"] = "system:serviceaccount:b:robot"; })
        == "the token is no service account's");
  CHECK(as([](json& j) { j.erase("kubernetes.io"); }) == "the token is no service account's");
  CHECK(as([](json& j) { j["kubernetes.io"]["serviceaccount"].erase("uid"); })
        == "the token is no service account's");
  CHECK(as([](json& j) { j.erase("exp"); }) == "service account token has expired");
  CHECK(as([](json& j) { j["exp"] = "never"; }) == "service account token has expired");
  CHECK(as([](json& j) { j["exp"] = 1e300; }) == "service account token has expired");
  CHECK(as([](json& j) { j["aud"] = own; }) == "ok"); // one audience may be a text
  CHECK(as([](json& j) { j = json::array(); }) == "the token is of another issuer");
}

TEST_CASE("tokens: keys rotate: several verify, one signs") {
  cluster c;
  auto old = issue(c.keys, c.good).value();
  auto next = pki::key::generate().value();
  auto rotated = c.keys;
  rotated.signs = next;
  rotated.verifies = {next, c.keys.signs};
  CHECK(read(rotated, old));
  CHECK(read(rotated, issue(rotated, c.good).value()));
  CHECK(!read(c.keys, issue(rotated, c.good).value()));
  rotated.verifies = {next};
  CHECK(!read(rotated, old));
  auto set = json::parse(pki::key_set({next, c.keys.signs}));
  REQUIRE(set["keys"].size() == 2);
  CHECK(set["keys"][0]["kid"] == next.id());
  CHECK(set["keys"][0]["kty"] == "EC");
  CHECK(set["keys"][0]["crv"] == "P-256");
  CHECK(set["keys"][0]["use"] == "sig");
  CHECK(pki::read_public_keys(next.public_pem() + c.keys.signs.public_pem()).size() == 2);
}

TEST_CASE("tokens: a reader remembers signatures, not what holds") {
  cluster c;
  token_reader reader;
  auto token = issue(c.keys, c.good).value();
  REQUIRE(reader.read(c.keys, token));
  auto again = reader.read(c.keys, token);
  REQUIRE(again);
  CHECK(check(*again, {own}, now, *c.w.store.view()));
  c.w.erase("core/serviceaccounts/a/robot");
  CHECK(!check(*again, {own}, now, *c.w.store.view()));
  CHECK(!reader.read(c.keys, token + "x"));
}

} // namespace
} // namespace troupe::authn
