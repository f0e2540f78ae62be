// Cases of RBAC, each named after the rule of Kubernetes' documentation that it shows.
#include "tests/unit/actors/api/auth/world.hpp"

#include <doctest/doctest.h>

namespace troupe::authz {
namespace {

using namespace tests;
using api::verb;

const auto jane = user("jane");
const auto dave = user("dave");
const auto dev = user("sue", {"devs"});
const auto robot = account("a", "robot");

/// Roles and bindings that all rows share; each user has what its name in the rows says.
world roles() {
  world w;
  w.role("", "reader", json::array({grants({"get", "list", "watch"}, {""}, {"pods"})}));
  w.role("", "deployer",
         json::array({grants({"*"}, {"apps"}, {"deployments", "deployments/status"})}));
  w.role("", "scaler", json::array({grants({"get", "update"}, {"*"}, {"*/scale"})}));
  w.role("", "everything", json::array({grants({"*"}, {"*"}, {"*"}), grants_path({"*"}, {"*"})}));
  w.role("", "logs", json::array({grants({"get"}, {""}, {"pods/log"})}));
  w.role("", "paths", json::array({grants_path({"get"}, {"/metrics", "/debug/*"})}));
  w.role("", "one-node", json::array({grants({"get", "update"}, {""}, {"nodes"}, {"n1"})}));
  w.role("", "some-core", json::array({grants({"get"}, {""}, {"*"})}));
  w.role("", "empty", json::array());
  w.role("a", "config",
         json::array({grants({"get", "watch"}, {""}, {"configmaps"}, {"settings"}),
                      grants({"create"}, {""}, {"configmaps"})}));
  w.role("b", "config", json::array({grants({"delete"}, {""}, {"configmaps"})}));
  w.bind("", "jane-reads", "ClusterRole/reader", {"user:jane"});
  w.bind("a", "dave-reads-a", "ClusterRole/reader", {"user:dave"});
  w.bind("a", "dave-config", "Role/config", {"user:dave"});
  w.bind("b", "dave-config", "Role/config", {"user:dave"});
  w.bind("", "devs-deploy", "ClusterRole/deployer", {"group:devs"});
  w.bind("a", "robots", "ClusterRole/reader", {"account:a/robot"});
  w.bind("b", "own-robot", "ClusterRole/reader", {"account:/robot"});
  w.bind("c", "accounts-of-a", "ClusterRole/reader", {"group:system:serviceaccounts:a"});
  w.bind("d", "all-accounts", "ClusterRole/reader", {"group:system:serviceaccounts"});
  w.bind("", "scalers", "ClusterRole/scaler", {"user:scaler"});
  w.bind("", "roots", "ClusterRole/everything", {"user:root"});
  w.bind("a", "root-of-a", "ClusterRole/everything", {"user:admin-a"});
  w.bind("", "logs", "ClusterRole/logs", {"user:logger"});
  w.bind("", "paths", "ClusterRole/paths", {"user:prometheus", "group:system:unauthenticated"});
  w.bind("a", "paths-in-a", "ClusterRole/paths", {"user:lost"});
  w.bind("", "one-node", "ClusterRole/one-node", {"user:mechanic"});
  w.bind("", "some-core", "ClusterRole/some-core", {"user:looker"});
  w.bind("", "empty", "ClusterRole/empty", {"user:nobody"});
  w.bind("", "missing", "ClusterRole/not-there", {"user:early"});
  w.bind("a", "missing", "Role/not-there", {"user:early"});
  w.bind("", "role-in-cluster", "Role/config", {"user:mistaken"});
  w.bind("", "everybody", "ClusterRole/logs", {"group:system:authenticated"});
  return w;
}

struct row {
  const char* rule;
  bool may;
  api::request what;
};

api::request selecting(api::request r, const char* fields) {
  r.options.field_selector = fields;
  return r;
}

TEST_CASE("rbac: the documented rules") {
  auto w = roles();
  const std::vector<row> rows{
    // what is not granted is refused
    {"nothing is allowed by default", false, asks(user("eve"), verb::get, "pods", "a", "p")},
    {"rules only add up: another rule takes nothing away", true,
     asks(dave, verb::create, "configmaps", "a")},
    {"a role without rules grants nothing", false,
     asks(user("nobody"), verb::get, "pods", "a", "p")},
    // scope
    {"a ClusterRoleBinding grants in every namespace", true,
     asks(jane, verb::get, "pods", "a", "p")},
    {"a ClusterRoleBinding grants in namespaces to come", true,
     asks(jane, verb::get, "pods", "zzz", "p")},
    {"a ClusterRoleBinding grants across all namespaces", true, asks(jane, verb::list, "pods")},
    {"a RoleBinding grants in its own namespace", true, asks(dave, verb::list, "pods", "a")},
    {"a RoleBinding grants in no other namespace", false, asks(dave, verb::list, "pods", "b")},
    {"a RoleBinding does not grant across all namespaces", false, asks(dave, verb::list, "pods")},
    {"a RoleBinding may refer to a ClusterRole", true, asks(dave, verb::watch, "pods", "a")},
    {"a RoleBinding's Role is that of its own namespace", true,
     asks(dave, verb::remove, "configmaps", "b", "x")},
    {"a Role of another namespace with the same name does not count", false,
     asks(dave, verb::remove, "configmaps", "a", "x")},
    {"a ClusterRoleBinding cannot refer to a Role", false,
     asks(user("mistaken"), verb::create, "configmaps", "a")},
    {"a RoleBinding grants no cluster-scoped resource", false,
     asks(user("admin-a"), verb::get, "nodes", "", "n1")},
    {"a RoleBinding to everything is everything in the namespace", true,
     asks(user("admin-a"), verb::remove, "secrets", "a", "s")},
    {"a RoleBinding in a namespace may let it be read", true,
     asks(user("admin-a"), verb::get, "namespaces", "", "a")},
    {"and no other namespace", false, asks(user("admin-a"), verb::get, "namespaces", "", "b")},
    {"nor the list of them", false, asks(user("admin-a"), verb::list, "namespaces")},
    // verbs
    {"a verb that is not listed is refused", false, asks(jane, verb::remove, "pods", "a", "p")},
    {"list does not come with get", false, asks(user("looker"), verb::list, "pods", "a")},
    {"deletecollection is a verb of its own", false,
     asks(dave, verb::remove_collection, "configmaps", "b")},
    {"patch does not come with update", false,
     asks(user("mechanic"), verb::patch, "nodes", "", "n1")},
    {"* is every verb", true, asks(dev, verb::remove_collection, "deployments.apps", "a")},
    // groups
    {"a group of the rule is needed", false,
     asks(dev, verb::get, "deployments.extensions", "a", "d")},
    {"the core group is the empty one", false, asks(dev, verb::get, "deployments", "a", "d")},
    {"* is every group", true,
     asks(user("scaler"), verb::get, "widgets.example.com/scale", "a", "w")},
    // resources and subresources
    {"a resource that is not listed is refused", false, asks(jane, verb::get, "secrets", "a", "s")},
    {"a subresource does not come with its resource", false,
     asks(jane, verb::watch, "pods/log", "a", "p")},
    {"a subresource is named RESOURCE/SUBRESOURCE", true,
     asks(user("logger"), verb::get, "pods/log", "a", "p")},
    {"a resource does not come with its subresource", false,
     asks(user("logger"), verb::get, "pods", "a", "p")},
    {"*/scale is the scale of everything", true,
     asks(user("scaler"), verb::update, "deployments.apps/scale", "a", "d")},
    {"*/scale is no other subresource", false,
     asks(user("scaler"), verb::update, "deployments.apps/status", "a", "d")},
    {"*/scale is not the resource", false,
     asks(user("scaler"), verb::update, "deployments.apps", "a", "d")},
    {"* is every resource of the group", true,
     asks(user("looker"), verb::get, "secrets", "a", "s")},
    {"* is every subresource too", true, asks(user("looker"), verb::get, "pods/log", "a", "p")},
    {"* of a group is of no other", false,
     asks(user("looker"), verb::get, "deployments.apps", "a", "d")},
    // names
    {"resourceNames grant that object", true, asks(user("mechanic"), verb::get, "nodes", "", "n1")},
    {"resourceNames grant no other object", false,
     asks(user("mechanic"), verb::get, "nodes", "", "n2")},
    {"resourceNames do not grant a list", false, asks(user("mechanic"), verb::list, "nodes")},
    {"resourceNames grant a watch that selects the name", true,
     selecting(asks(dave, verb::watch, "configmaps", "a"), "metadata.name=settings")},
    {"and none that selects another", false,
     selecting(asks(dave, verb::watch, "configmaps", "a"), "metadata.name=other")},
    {"and none that selects all others", false,
     selecting(asks(dave, verb::watch, "configmaps", "a"), "metadata.name!=other")},
    {"create cannot be granted by name", true, asks(dave, verb::create, "configmaps", "a")},
    // subjects
    {"a user is granted by name", true, asks(jane, verb::get, "pods", "a", "p")},
    {"names of users are compared exactly", false, asks(user("Jane"), verb::get, "pods", "a", "p")},
    {"a user's name is no group's", false,
     asks(user("devs"), verb::get, "deployments.apps", "a", "d")},
    {"a group is granted", true, asks(dev, verb::get, "deployments.apps", "a", "d")},
    {"a group's name is no user's", false, asks(user("x", {"jane"}), verb::get, "pods", "a", "p")},
    {"a service account is granted", true, asks(robot, verb::list, "pods", "a")},
    {"a service account of another namespace is another", false,
     asks(account("x", "robot"), verb::list, "pods", "a")},
    {"without a namespace, the account is of the binding's", true,
     asks(account("b", "robot"), verb::list, "pods", "b")},
    {"and of no other", false, asks(robot, verb::list, "pods", "b")},
    {"all accounts of a namespace are a group", true,
     asks(account("a", "other"), verb::list, "pods", "c")},
    {"of that namespace only", false, asks(account("b", "other"), verb::list, "pods", "c")},
    {"all accounts are a group", true, asks(account("b", "other"), verb::list, "pods", "d")},
    {"users are not in it", false, asks(user("eve"), verb::list, "pods", "d")},
    {"everybody authenticated is a group", true,
     asks(user("eve"), verb::get, "pods/log", "a", "p")},
    {"system:masters may everything, without a role", true,
     asks(user("x", {"system:masters"}), verb::remove, "nodes", "", "n1")},
    // paths
    {"a path is granted as it is", true, reads_path(user("prometheus"), "/metrics")},
    {"and no path below it", false, reads_path(user("prometheus"), "/metrics/slis")},
    {"a path's * at the end is everything below", true,
     reads_path(user("prometheus"), "/debug/pprof/heap")},
    {"and not the path above", false, reads_path(user("prometheus"), "/debug")},
    {"the query does not count", true, reads_path(user("prometheus"), "/metrics?x=y")},
    {"* is every path", true, reads_path(user("root"), "/anything")},
    {"paths are granted by ClusterRoleBindings only", false, reads_path(user("lost"), "/metrics")},
    {"resources are no paths", false, reads_path(jane, "/api/v1/pods")},
    {"health is everybody's", true,
     reads_path({.name = "system:anonymous", .groups = {}, .uid = {}}, "/readyz")},
  };
  CHECK(rows.size() >= 60);
  for (const auto& r : rows)
    CHECK_MESSAGE(w.authorize(r.what).has_value() == r.may, r.rule);
}

TEST_CASE("rbac: refusals are worded as Kubernetes words them") {
  auto w = roles();
  auto said = [&](const api::request& r) {
    auto refused = w.authorize(r);
    REQUIRE(!refused);
    CHECK(refused.error().reason == reason::forbidden);
    return refused.error().message;
  };
  CHECK(said(asks(user("x"), verb::list, "pods", "y"))
        == "pods is forbidden: User \"x\" cannot list resource \"pods\" in API group \"\" in the "
           "namespace \"y\"");
  CHECK(said(asks(user("x"), verb::get, "deployments.apps/scale", "y", "d"))
        == "deployments.apps \"d\" is forbidden: User \"x\" cannot get resource "
           "\"deployments/scale\" in API group \"apps\" in the namespace \"y\"");
  CHECK(said(asks(user("x"), verb::remove_collection, "nodes"))
        == "nodes is forbidden: User \"x\" cannot deletecollection resource \"nodes\" in API group "
           "\"\" at the cluster scope");
  CHECK(said(reads_path(user("x"), "/metrics?a"))
        == "forbidden: User \"x\" cannot get path \"/metrics\"");
  CHECK(
    said(asks(user("early"), verb::list, "pods", "b"))
    == "pods is forbidden: User \"early\" cannot list resource \"pods\" in API group \"\" in "
       "the namespace \"b\": RBAC: clusterrole.rbac.authorization.k8s.io \"not-there\" not found");
  CHECK(said(asks(user("early"), verb::list, "pods", "a"))
        == "pods is forbidden: User \"early\" cannot list resource \"pods\" in API group \"\" in "
           "the namespace \"a\": RBAC: [clusterrole.rbac.authorization.k8s.io \"not-there\" not "
           "found, role.rbac.authorization.k8s.io \"not-there\" not found]");
}

TEST_CASE("rbac: a decision says which binding allowed it") {
  auto w = roles();
  auto view = w.store.view();
  auto roles = policy::of(*view);
  auto why = [&](const api::request& r) { return decide(attributes_of(r), *view, *roles).reason; };
  CHECK(why(asks(jane, verb::get, "pods", "a", "p"))
        == "RBAC: allowed by ClusterRoleBinding \"jane-reads\" of ClusterRole \"reader\" to User "
           "\"jane\"");
  CHECK(why(asks(dave, verb::create, "configmaps", "a"))
        == "RBAC: allowed by RoleBinding \"dave-config/a\" of Role \"config\" to User \"dave\"");
  CHECK(why(asks(robot, verb::list, "pods", "a"))
        == "RBAC: allowed by RoleBinding \"robots/a\" of ClusterRole \"reader\" to ServiceAccount "
           "\"robot/a\"");
  CHECK(why(asks(user("root"), verb::list, "pods", "a"))
        == "RBAC: allowed by ClusterRoleBinding \"roots\" of ClusterRole \"everything\" to User "
           "\"root\"");
}

rules read(const json& list) { return read_rules(list); }

TEST_CASE("escalation: what is missing is named, verb by verb, as Kubernetes names it") {
  auto held =
    read({grants({"get", "list"}, {""}, {"pods"}), grants({"*"}, {"apps"}, {"*"}),
          grants({"update"}, {"*"}, {"*/scale"}), grants({"get"}, {""}, {"secrets"}, {"s1"}),
          grants_path({"get"}, {"/healthz*"})});
  auto lacks = [&](const json& wanted) {
    std::string out;
    for (const auto& r : missing(held, read(json::array({wanted}))))
      out += described(r);
    return out;
  };
  CHECK(lacks(grants({"get"}, {""}, {"pods"})).empty());
  CHECK(lacks(grants({"get"}, {""}, {"pods"}, {"p1"})).empty());
  CHECK(lacks(grants({"delete"}, {"apps"}, {"deployments", "daemonsets/status"})).empty());
  CHECK(lacks(grants({"update"}, {"x.io"}, {"widgets/scale"})).empty());
  CHECK(lacks(grants({"get"}, {""}, {"secrets"}, {"s1"})).empty());
  CHECK(lacks(grants_path({"get"}, {"/healthz/etcd"})).empty());
  CHECK(lacks(grants({"get", "watch", "delete"}, {""}, {"pods"}))
        == R"({APIGroups:[""], Resources:["pods"], Verbs:["watch" "delete"]})");
  CHECK(lacks(grants({"get"}, {""}, {"secrets"}))
        == R"({APIGroups:[""], Resources:["secrets"], Verbs:["get"]})");
  CHECK(lacks(grants({"get"}, {""}, {"secrets"}, {"s1", "s2"}))
        == R"({APIGroups:[""], Resources:["secrets"], ResourceNames:["s2"], Verbs:["get"]})");
  CHECK(lacks(grants({"*"}, {""}, {"pods"}))
        == R"({APIGroups:[""], Resources:["pods"], Verbs:["*"]})");
  CHECK(lacks(grants_path({"get"}, {"/metrics"}))
        == R"({NonResourceURLs:["/metrics"], Verbs:["get"]})");
}

} // namespace
} // namespace troupe::authz
