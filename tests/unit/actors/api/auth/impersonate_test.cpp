#include "actors/api/auth/impersonate.hpp"
#include "tests/unit/actors/api/auth/world.hpp"

#include <doctest/doctest.h>

namespace troupe::authz {
namespace {

using namespace tests;

struct becoming {
  world w;
  result<api::user> of(const api::user& real, const api::user& wanted) {
    auto view = w.store.view();
    return impersonate(real, wanted, *view, *policy::of(*view));
  }
};

const auto admin = user("admin", {"system:masters"});

TEST_CASE("impersonation: users, groups, uid and extra are granted one by one") {
  becoming b;
  b.w.role("", "acts",
           json::array(
             {grants({"impersonate"}, {""}, {"users"}, {"jane"}),
              grants({"impersonate"}, {""}, {"groups"}, {"devs"}),
              grants({"impersonate"}, {"authentication.k8s.io"}, {"userextras/scopes"}, {"view"}),
              grants({"impersonate"}, {"authentication.k8s.io"}, {"uids"}, {"u-1"})}));
  b.w.bind("", "acts", "ClusterRole/acts", {"user:bob"});
  auto bob = user("bob");
  auto as = [&](api::user wanted) { return b.of(bob, wanted); };
  auto jane = as({.name = "jane", .groups = {}, .uid = {}});
  REQUIRE(jane);
  CHECK(jane->groups == std::vector<std::string>{"system:authenticated"});
  CHECK(as({.name = "jane", .groups = {"devs"}, .uid = "u-1", .extra = {{"scopes", {"view"}}}}));
  CHECK(as({.name = "dave", .groups = {}, .uid = {}}).error().message
        == "users \"dave\" is forbidden: User \"bob\" cannot impersonate resource \"users\" in API "
           "group \"\" at the cluster scope");
  CHECK(as({.name = "jane", .groups = {"system:masters"}, .uid = {}}).error().message
        == "groups \"system:masters\" is forbidden: User \"bob\" cannot impersonate resource "
           "\"groups\" in API group \"\" at the cluster scope");
  CHECK(!as({.name = "jane", .groups = {}, .uid = "u-2"}));
  CHECK(
    as({.name = "jane", .groups = {}, .uid = {}, .extra = {{"scopes", {"all"}}}}).error().message
    == "userextras.authentication.k8s.io \"all\" is forbidden: User \"bob\" cannot impersonate "
       "resource \"userextras/scopes\" in API group \"authentication.k8s.io\" at the cluster "
       "scope");
  CHECK(b.of(admin, {.name = "", .groups = {"devs"}, .uid = {}}).error().reason
        == reason::bad_request);
}

TEST_CASE("impersonation: a service account's name brings its groups") {
  becoming b;
  b.w.role("a", "acts",
           json::array({grants({"impersonate"}, {""}, {"serviceaccounts"}, {"robot"})}));
  b.w.bind("a", "acts", "Role/acts", {"user:bob"});
  auto robot =
    b.of(user("bob"), {.name = "system:serviceaccount:a:robot", .groups = {}, .uid = {}});
  REQUIRE(robot);
  CHECK(robot->groups
        == std::vector<std::string>{"system:serviceaccounts", "system:serviceaccounts:a",
                                    "system:authenticated"});
  CHECK(b.of(user("bob"), {.name = "system:serviceaccount:b:robot", .groups = {}, .uid = {}})
          .error()
          .message
        == "serviceaccounts \"robot\" is forbidden: User \"bob\" cannot impersonate resource "
           "\"serviceaccounts\" in API group \"\" in the namespace \"b\"");
  auto nobody = b.of(admin, {.name = "system:anonymous", .groups = {}, .uid = {}});
  REQUIRE(nobody);
  CHECK(nobody->groups == std::vector<std::string>{"system:unauthenticated"});
}

} // namespace
} // namespace troupe::authz
