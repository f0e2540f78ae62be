#include "config/bootstrap/policy.hpp"
#include "tests/unit/actors/api/auth/world.hpp"

#include <doctest/doctest.h>

#include <chrono>

namespace troupe::authz {
namespace {

using namespace tests;
using api::verb;

TEST_CASE("policy: follows the store change by change") {
  world w;
  policy p;
  std::size_t seen = 0;
  auto may = [&] {
    for (; seen < w.store.changes().size(); ++seen)
      p.take(w.store.changes()[seen]);
    auto r = asks(user("jane"), verb::get, "pods", "a", "p");
    return p.decide(attributes_of(r)).allowed;
  };
  CHECK(!may());
  w.bind("a", "b", "Role/r", {"user:jane"});
  CHECK(!may()); // the role is not there
  w.role("a", "r", json::array({grants({"get"}, {""}, {"pods"})}));
  CHECK(may());
  w.role("a", "r", json::array({grants({"list"}, {""}, {"pods"})}));
  CHECK(!may());
  w.role("a", "r", json::array({grants({"get"}, {""}, {"pods"})}));
  w.bind("a", "b", "Role/r", {"user:other"});
  CHECK(!may());
  w.bind("a", "b", "Role/r", {"user:other", "user:jane"});
  CHECK(may());
  w.erase("rbac.authorization.k8s.io/rolebindings/a/b");
  CHECK(!may());
  w.bind("a", "b", "Role/r", {"user:jane"});
  CHECK(may());
  w.erase("rbac.authorization.k8s.io/roles/a/r");
  CHECK(!may());
}

TEST_CASE("policy: a sync with a view leaves what a new one would be; the past changes nothing") {
  world w;
  w.role("", "r", json::array({grants({"get"}, {""}, {"pods"})}));
  w.bind("", "b", "ClusterRole/r", {"user:jane"});
  auto before = w.store.view();
  auto p = policy::of(*before);
  w.erase("rbac.authorization.k8s.io/clusterrolebindings/b");
  w.bind("", "c", "ClusterRole/r", {"user:dave"});
  p->sync(*w.store.view());
  auto may = [&](const char* who) {
    auto r = asks(user(who), verb::get, "pods", "a", "p");
    return p->decide(attributes_of(r)).allowed;
  };
  CHECK(!may("jane"));
  CHECK(may("dave"));
  p->sync(*before);
  CHECK(!may("jane"));
  CHECK(p->at() == w.store.at());
}

TEST_CASE("policy: a decision takes microseconds among a thousand bindings") {
  world w;
  w.role("", "r", json::array({grants({"get"}, {""}, {"pods"})}));
  std::shared_ptr<policy> p;
  for (int i = 0; i < 1000; ++i)
    w.bind("ns-" + std::to_string(i % 100), "b-" + std::to_string(i), "ClusterRole/r",
           {"user:u-" + std::to_string(i)});
  p = policy::of(*w.store.view());
  auto r = asks(user("u-999", {"g1", "g2"}), verb::get, "pods", "ns-99", "p");
  constexpr int rounds = 20'000;
  auto start = std::chrono::steady_clock::now();
  int allowed = 0;
  for (int i = 0; i < rounds; ++i)
    allowed += p->decide(attributes_of(r)).allowed ? 1 : 0;
  std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
  CHECK(allowed == rounds);
  MESSAGE("a decision among 1,000 bindings: " << took.count() / rounds << " us");
  CHECK(took.count() / rounds < 200); // a scan of all of them takes milliseconds
}

const json* find(const std::vector<json>& all, std::string_view kind, std::string_view name) {
  for (const auto& o : all)
    if (o["kind"] == kind && o["metadata"]["name"] == name)
      return &o;
  return nullptr;
}

TEST_CASE("bootstrap policy: the table is readable, and every binding's role is in it") {
  auto all = bootstrap::read_policy(bootstrap::policy_text());
  REQUIRE(all);
  for (const auto& o : *all) {
    CHECK(o["metadata"]["labels"]["kubernetes.io/bootstrapping"] == "rbac-defaults");
    if (o.contains("roleRef")) {
      auto kind = o["roleRef"]["kind"].get<std::string>();
      CHECK_MESSAGE(find(*all, kind, o["roleRef"]["name"].get<std::string>()), o.dump());
    }
  }
  const auto* view = find(*all, "ClusterRole", "view");
  REQUIRE(view);
  CHECK((*view)["aggregationRule"]["clusterRoleSelectors"][0]["matchLabels"]
        == json{{"rbac.authorization.k8s.io/aggregate-to-view", "true"}});
  CHECK((*view)["metadata"]["labels"]["rbac.authorization.k8s.io/aggregate-to-edit"] == "true");
  CHECK(bootstrap::read_policy("cluster-role\n").error().message
        == "reading the bootstrap policy: line 1: \"cluster-role\"");
}

TEST_CASE("bootstrap policy: basic users ask about themselves and find their way, no more") {
  world w;
  auto all = bootstrap::read_policy(bootstrap::policy_text());
  REQUIRE(all);
  for (const auto& o : *all) {
    auto kind = o["kind"].get<std::string>();
    auto ns = o["metadata"].value("namespace", "");
    auto name = o["metadata"]["name"].get<std::string>();
    auto plural = kind == "ClusterRole"          ? "clusterroles/"
                  : kind == "ClusterRoleBinding" ? "clusterrolebindings/"
                  : kind == "Role"               ? "roles/"
                                                 : "rolebindings/";
    w.put("rbac.authorization.k8s.io/" + std::string{plural} + (ns.empty() ? "" : ns + "/") + name,
          o);
  }
  auto may = [&](const api::request& r) { return w.authorize(r).has_value(); };
  CHECK(may(asks(user("u"), verb::create, "selfsubjectaccessreviews.authorization.k8s.io")));
  CHECK(may(asks(user("u"), verb::create, "selfsubjectreviews.authentication.k8s.io")));
  CHECK(!may(asks(user("u"), verb::create, "subjectaccessreviews.authorization.k8s.io")));
  for (auto path : {"/api", "/api/v1", "/apis/apps/v1", "/openapi/v3", "/version"})
    CHECK(may(reads_path(user("u"), path)));
  CHECK(!may(reads_path(user("u"), "/metrics")));
  CHECK(!may(reads_path(user("u"), "/openid/v1/jwks")));
  CHECK(may(reads_path(account("a", "x"), "/openid/v1/jwks")));
  CHECK(may(asks(account("kube-system", "kube-dns"), verb::list, "services")));
  CHECK(!may(asks(user("u"), verb::list, "pods", "default")));
}

TEST_CASE(
  "bootstrap policy: what is missing is added, nothing is taken away, autoupdate is heeded") {
  auto all = bootstrap::read_policy("cluster-role r\n  get core pods\n  list core pods\n"
                                    "cluster-binding b r group:g\n");
  REQUIRE(all);
  const auto& role = (*all)[0];
  const auto& binding = (*all)[1];
  CHECK(bootstrap::reconciled(role, nullptr) == role);
  CHECK(bootstrap::reconciled(role, role).is_null());
  auto changed = role;
  changed["rules"].erase(0);
  changed["rules"].push_back(grants({"watch"}, {""}, {"pods"}));
  auto patch = bootstrap::reconciled(role, changed);
  CHECK(patch["rules"].size() == 3);
  changed["metadata"]["annotations"]["rbac.authorization.kubernetes.io/autoupdate"] = "false";
  CHECK(bootstrap::reconciled(role, changed).is_null());
  auto bare = binding;
  bare.erase("subjects");
  CHECK(bootstrap::reconciled(binding, bare)["subjects"] == binding["subjects"]);
}

} // namespace
} // namespace troupe::authz
