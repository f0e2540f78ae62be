// Who asks, as a worker finds it out: tokens and impersonation against a replica that lags behind.
#include "actors/api/server/server.hpp"
#include "tests/support/api_world.hpp"
#include "tests/support/deterministic.hpp"

#include <doctest/doctest.h>

namespace troupe::api_server {
namespace {

using freshness = storage::get_view::freshness;
using support::json;

constexpr auto rbac = "rbac.authorization.k8s.io";
constexpr auto own = "https://kubernetes.default.svc.cluster.local";

authn::token_authority_ptr make_tokens() {
  auto key = pki::key::generate().value();
  return std::make_shared<const authn::token_authority>(
    authn::token_authority{.signs = key,
                           .verifies = {key},
                           .issuer = own,
                           .audiences = {own},
                           .key_set_address = "https://127.0.0.1:6443/openid/v1/jwks"});
}

/// A worker whose views are of the past unless a linearizable one is asked for.
struct lagging_master {
  support::api_world world;
  store::view_ptr past;
  deterministic actors;
  authn::token_authority_ptr tokens = make_tokens();
  client::api_actor api;

  lagging_master() {
    world.post(
      "", "v1", "serviceaccounts", "default",
      {{"apiVersion", "v1"}, {"kind", "ServiceAccount"}, {"metadata", {{"name", "robot"}}}});
    past = world.store.view();
    api = spawn_api(actors.at("api"),
                    {.replica = replica(),
                     .hub = {},
                     .catalog = world.catalog,
                     .pages = std::make_shared<const documents>(world.catalog, "v1.36.0"),
                     .set = {},
                     .tokens = tokens});
  }

  storage::replica_actor replica() {
    using pointer = kernel::self_ptr<storage::replica_actor, kernel::stateless>;
    return kernel::spawn<storage::replica_actor, kernel::stateless>(
      actors.at("replica"), [this](pointer) -> storage::replica_actor::behavior_type {
        return {
          [this](const storage::transact& m) -> kernel::reply<storage::transacted> {
            auto outcome = world.store.apply(m.what);
            return storage::transacted{outcome, world.store.view()};
          },
          [this](const storage::get_view& m) -> kernel::reply<storage::viewed> {
            return storage::viewed{m.how == freshness::any ? past : world.store.view()};
          },
          [](const storage::get_view_at&) -> kernel::reply<storage::viewed> {
            return kernel::answer(failure{.reason = reason::expired, .message = "compacted"});
          },
          [](const storage::get_history&) -> kernel::reply<storage::history_of> {
            return storage::history_of{};
          },
          [](const storage::get_leadership&) -> kernel::reply<storage::leadership> {
            return storage::leadership{};
          },
        };
      });
  }

  support::answer run(api::request r) {
    auto answer = actors.ask<client::called>(api, client::call{std::move(r)});
    REQUIRE(answer);
    return support::api_world::read(std::move(answer->answer));
  }
  /// A list of pods as somebody without a certificate.
  support::answer list(const api::credentials& shown, bool past_will_do = false) {
    auto r = support::api_world::request(api::verb::list, "", "v1", "pods", "default");
    r.from = {.name = "system:anonymous", .groups = {"system:unauthenticated"}, .uid = {}};
    r.shown = shown;
    if (past_will_do)
      r.options.version = revision{};
    return run(std::move(r));
  }
  std::string token() {
    auto account = world.get("", "v1", "serviceaccounts", "default", "robot").body;
    authn::token_claims claims{.ns = "default",
                               .account = {"robot", account["metadata"]["uid"].get<std::string>()},
                               .audiences = {own},
                               .id = "1",
                               .issued = actors_now(),
                               .expires = actors_now() + 1h};
    return authn::issue(*tokens, claims).value();
  }
  instant actors_now() { return actors.now(); }
  void bind(const char* subject_kind, const char* name) {
    world.post(rbac, "v1", "clusterroles", "",
               {{"metadata", {{"name", "reads"}}},
                {"rules", json::array({{{"verbs", {"list", "impersonate"}},
                                        {"apiGroups", {""}},
                                        {"resources", {"pods", "users"}}}})}});
    json subject{{"kind", subject_kind}, {"name", name}};
    if (std::string_view{subject_kind} == "ServiceAccount")
      subject["namespace"] = "default";
    else
      subject["apiGroup"] = rbac;
    world.post(rbac, "v1", "clusterrolebindings", "",
               {{"metadata", {{"name", name}}},
                {"roleRef", {{"apiGroup", rbac}, {"kind", "ClusterRole"}, {"name", "reads"}}},
                {"subjects", json::array({subject})}});
  }
};

TEST_CASE("access: a token says who asks, roles what they may, each as soon as it is there") {
  lagging_master m;
  auto token = m.token();
  CHECK(m.list({}).code == 401);
  CHECK(m.list({.token = "a.b.c"}).code == 401);
  auto refused = m.list({.token = token});
  CHECK(refused.code == 403);
  CHECK(refused.message()
        == "pods is forbidden: User \"system:serviceaccount:default:robot\" cannot list resource "
           "\"pods\" in API group \"\" in the namespace \"default\"");
  m.bind("ServiceAccount", "robot");
  CHECK(m.list({.token = token}).code == 200);
  CHECK(m.list({.token = token}, true).code == 200);
  m.world.remove("", "v1", "serviceaccounts", "default", "robot");
  CHECK(m.list({.token = token}).code == 401);
}

TEST_CASE("access: impersonation is judged for who really asks") {
  lagging_master m;
  auto token = m.token();
  m.bind("ServiceAccount", "robot");
  api::user jane{.name = "jane", .groups = {}, .uid = {}};
  CHECK(
    m.list({.token = token, .as = jane}).message()
    == "pods is forbidden: User \"jane\" cannot list resource \"pods\" in API group \"\" in the "
       "namespace \"default\"");
  CHECK(m.list({.as = jane}).code == 401);
  jane.groups = {"system:masters"};
  CHECK(
    m.list({.token = token, .as = jane}).message().find("cannot impersonate resource \"groups\"")
    != std::string::npos);
}

TEST_CASE("access: documents are for whom a role lets read them; a 401 says nothing else") {
  lagging_master m;
  auto read = [&](const char* path, const char* group) {
    api::request r;
    r.verb = api::verb::document;
    r.path = path;
    r.from = {.name = group[0] == 's' ? "admin" : "system:anonymous", .groups = {group}, .uid = {}};
    return m.run(r);
  };
  CHECK(read("/version", "nobody").code == 200);
  auto refused = read("/apis", "nobody");
  CHECK(refused.code == 401);
  CHECK(
    refused.text
    == R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401})");
  CHECK(read("/apis", "system:masters").code == 200);
  CHECK(read("/.well-known/openid-configuration", "system:masters").body["jwks_uri"]
        == "https://127.0.0.1:6443/openid/v1/jwks");
  auto keys = read("/openid/v1/jwks", "system:masters");
  CHECK(json::parse(keys.text)["keys"][0]["kid"] == m.tokens->signs.id());
}

} // namespace
} // namespace troupe::api_server
