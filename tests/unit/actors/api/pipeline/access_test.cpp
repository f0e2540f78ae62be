// Who may, from inside of the pipeline: tokens asked for, questions of access, nobody giving away
// what they do not hold, and what a node may write.
#include "tests/support/api_world.hpp"

#include <doctest/doctest.h>

namespace troupe::pipeline {
namespace {

using api::verb;
using support::answer;
using support::json;

constexpr auto rbac = "rbac.authorization.k8s.io";
constexpr auto own = "https://kubernetes.default.svc.cluster.local";

class world : public support::api_world {
public:
  world() {
    auto key = pki::key::generate().value();
    tokens = std::make_shared<const authn::token_authority>(
      authn::token_authority{.signs = key,
                             .verifies = {key},
                             .issuer = own,
                             .audiences = {own},
                             .key_set_address = {},
                             .most_seconds = 100'000});
    made("", "serviceaccounts", "default", named("ServiceAccount", "v1", "robot"));
  }

  static json named(const char* kind, const char* version, const std::string& name,
                    const json& more = json::object()) {
    json out{{"apiVersion", version}, {"kind", kind}, {"metadata", {{"name", name}}}};
    out.update(more);
    return out;
  }
  json made(const char* group, const char* plural, const char* ns, const json& body) {
    auto out = post(group, "v1", plural, ns, body);
    REQUIRE_MESSAGE(out.code == 201, out.text);
    return out.body;
  }
  /// A create as somebody; `path` as in "serviceaccounts/robot/token".
  answer as(const api::user& who, const char* group, const std::string& path, const char* ns,
            const json& body) {
    auto r = request(verb::create, group, "v1", path, ns);
    if (auto slash = path.find('/'); slash != path.npos) {
      r.resource = path.substr(0, slash);
      auto rest = path.substr(slash + 1);
      r.name = rest.substr(0, rest.find('/'));
      r.subresource = rest.substr(rest.find('/') + 1);
    }
    r.from = who;
    r.body = body.dump();
    return run(r);
  }
  answer token(json spec,
               const api::user& who = {.name = "admin", .groups = {"system:masters"}, .uid = {}}) {
    return as(who, "", "serviceaccounts/robot/token", "default",
              {{"apiVersion", "authentication.k8s.io/v1"},
               {"kind", "TokenRequest"},
               {"spec", std::move(spec)}});
  }
  json review(const char* group, const char* plural, const json& spec, const api::user& who,
              const char* ns = "") {
    auto out = as(who, group, plural, ns, {{"spec", spec}});
    REQUIRE_MESSAGE(out.code == 201, out.text);
    return out.body["status"];
  }
  void may(const std::string& who, const json& rules, const char* ns = "") {
    auto cluster = std::string{ns}.empty();
    made(rbac, cluster ? "clusterroles" : "roles", ns,
         named(cluster ? "ClusterRole" : "Role", "rbac.authorization.k8s.io/v1", who,
               {{"rules", rules}}));
    made(
      rbac, cluster ? "clusterrolebindings" : "rolebindings", ns,
      named(cluster ? "ClusterRoleBinding" : "RoleBinding", "rbac.authorization.k8s.io/v1", who,
            {{"roleRef",
              {{"apiGroup", rbac}, {"kind", cluster ? "ClusterRole" : "Role"}, {"name", who}}},
             {"subjects", json::array({{{"kind", "User"}, {"apiGroup", rbac}, {"name", who}}})}}));
  }
};

api::user user(const std::string& name) {
  return {.name = name, .groups = {"system:authenticated"}, .uid = {}};
}
const api::user admin{.name = "admin", .groups = {"system:masters"}, .uid = {}};
const api::user node1{.name = "system:node:n1", .groups = {"system:nodes"}, .uid = {}};

json rule(std::vector<std::string> verbs, std::vector<std::string> groups,
          std::vector<std::string> resources) {
  return {{"verbs", verbs}, {"apiGroups", groups}, {"resources", resources}};
}

json pod_of(const std::string& name, const std::string& node) {
  auto out = support::pod_named(name);
  out["spec"]["serviceAccountName"] = "robot";
  out["spec"]["nodeName"] = node;
  return out;
}

TEST_CASE("token request: a token for the API, an hour, for the account as it is") {
  world w;
  auto out = w.token(json::object());
  REQUIRE(out.code == 201);
  CHECK(out.body["kind"] == "TokenRequest");
  CHECK(out.body["spec"]["audiences"] == json::array({own}));
  CHECK(out.body["spec"]["expirationSeconds"] == 3600);
  CHECK(out.body["metadata"]["name"] == "robot");
  CHECK(out.body["metadata"]["namespace"] == "default");
  CHECK(out.body["status"]["expirationTimestamp"] == api::format_time(w.now + 1h));
  auto claims = authn::read(*w.tokens, out.body["status"]["token"].get<std::string>());
  REQUIRE(claims);
  auto who = authn::check(*claims, {own}, w.now, *w.store.view());
  REQUIRE(who);
  CHECK(who->who.name == "system:serviceaccount:default:robot");
  CHECK(w.get("", "v1", "serviceaccounts", "default", "robot").body["metadata"]["uid"]
        == who->who.uid);
}

TEST_CASE("token request: Kubernetes' bounds, and a warning where a wish is shortened") {
  world w;
  auto said = [&](std::int64_t seconds) { return w.token({{"expirationSeconds", seconds}}); };
  CHECK(said(599).code == 422);
  CHECK(
    said(599).message()
    == "TokenRequest.authentication.k8s.io \"robot\" is invalid: spec.expirationSeconds: Invalid "
       "value: 599: may not specify a duration less than 10 minutes");
  CHECK(said(600).body["spec"]["expirationSeconds"] == 600);
  CHECK(said((std::int64_t{1} << 32) + 1).code == 422);
  auto long_one = said(200'000);
  CHECK(long_one.code == 201);
  CHECK(long_one.body["spec"]["expirationSeconds"] == 100'000);
  CHECK(long_one.warnings
        == std::vector<std::string>{
          "requested expiration of 200000 seconds shortened to 100000 seconds"});
  auto other =
    w.as(admin, "", "serviceaccounts/nobody/token", "default", {{"spec", json::object()}});
  CHECK(other.code == 404);
  CHECK(other.message() == "serviceaccounts \"nobody\" not found");
}

TEST_CASE("token request: bound to a pod, a secret or a node that is there, and is the one meant") {
  world w;
  auto pod = w.made("", "pods", "default", pod_of("p", "n1"));
  auto other = support::pod_named("other");
  w.made("", "pods", "default", other);
  w.made("", "nodes", "", world::named("Node", "v1", "n1"));
  w.made("", "secrets", "default", world::named("Secret", "v1", "s"));
  auto bound = [&](const char* kind, const char* name, const std::string& uid = {}) {
    json ref{{"apiVersion", "v1"}, {"kind", kind}, {"name", name}};
    if (!uid.empty())
      ref["uid"] = uid;
    return w.token({{"boundObjectRef", ref}});
  };
  auto good = bound("Pod", "p", pod["metadata"]["uid"].get<std::string>());
  REQUIRE(good.code == 201);
  auto claims = authn::read(*w.tokens, good.body["status"]["token"].get<std::string>());
  REQUIRE(claims);
  CHECK(claims->pod->name == "p");
  CHECK(claims->node->name == "n1");
  CHECK(bound("Pod", "p").body["spec"]["boundObjectRef"]["uid"] == pod["metadata"]["uid"]);
  CHECK(bound("Secret", "s").code == 201);
  CHECK(bound("Node", "n1").code == 201);
  CHECK(bound("Pod", "gone").code == 404);
  CHECK(bound("Pod", "p", "other-uid").code == 409);
  CHECK(bound("Pod", "other").message()
        == "cannot bind token for serviceaccount \"robot\" to pod running with different "
           "serviceaccount name.");
  CHECK(bound("ConfigMap", "c").message()
        == "cannot bind token to object of type v1, Kind=ConfigMap");
}

TEST_CASE("token review: whose a token is, for which audiences, and why it is nobody's") {
  world w;
  auto token = w.token(json::object()).body["status"]["token"];
  auto review = [&](const json& spec) {
    return w.review("authentication.k8s.io", "tokenreviews", spec, admin);
  };
  auto good = review({{"token", token}});
  CHECK(good["authenticated"] == true);
  CHECK(good["user"]["username"] == "system:serviceaccount:default:robot");
  CHECK(
    good["user"]["groups"]
    == json({"system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"}));
  CHECK(good["audiences"] == json::array({own}));
  auto other = review({{"token", token}, {"audiences", {"vault"}}});
  CHECK(!other.contains("authenticated"));
  CHECK(other["error"]
        == "[invalid bearer token, token audiences are none of those that are accepted here]");
  CHECK(!review({{"token", "abc"}}).contains("authenticated"));
  w.remove("", "v1", "serviceaccounts", "default", "robot");
  CHECK(review({{"token", token}})["error"]
        == "[invalid bearer token, service account robot has been deleted]");
}

TEST_CASE("access reviews: oneself and others, resources and paths, with the reason") {
  world w;
  w.may("jane", json::array({rule({"get"}, {""}, {"pods"}),
                             {{"verbs", {"get"}}, {"nonResourceURLs", {"/metrics"}}}}));
  json pods{{"resourceAttributes", {{"verb", "get"}, {"resource", "pods"}, {"namespace", "x"}}}};
  constexpr auto group = "authorization.k8s.io";
  auto self = w.review(group, "selfsubjectaccessreviews", pods, user("jane"));
  CHECK(self["allowed"] == true);
  CHECK(self["reason"]
        == "RBAC: allowed by ClusterRoleBinding \"jane\" of ClusterRole \"jane\" to User \"jane\"");
  CHECK(w.review(group, "selfsubjectaccessreviews", pods, user("eve")) == json{{"allowed", false}});
  auto about = pods;
  about["user"] = "jane";
  CHECK(w.review(group, "subjectaccessreviews", about, admin)["allowed"] == true);
  about["resourceAttributes"]["verb"] = "escalate"; // any verb may be asked about
  CHECK(w.review(group, "subjectaccessreviews", about, admin)["allowed"] == false);
  json path{{"user", "jane"}, {"nonResourceAttributes", {{"verb", "get"}, {"path", "/metrics"}}}};
  CHECK(w.review(group, "subjectaccessreviews", path, admin)["allowed"] == true);
  about["resourceAttributes"] = {{"verb", "get"}, {"resource", "pods"}, {"namespace", "default"}};
  CHECK(w.review(group, "localsubjectaccessreviews", about, admin, "default")["allowed"] == true);
  about["resourceAttributes"]["namespace"] = "x";
  CHECK(
    w.as(admin, group, "localsubjectaccessreviews", "default", {{"spec", about}}).message()
    == "LocalSubjectAccessReview.authorization.k8s.io \"\" is invalid: "
       "spec.resourceAttributes.namespace: Invalid value: \"x\": must match metadata.namespace");
  auto nobody = w.as(admin, group, "subjectaccessreviews", "", {{"spec", pods}});
  CHECK(nobody.code == 422);
  CHECK(nobody.message().find("at least one of user or group must be specified")
        != std::string::npos);
  CHECK(w.as(admin, group, "selfsubjectaccessreviews", "", {{"spec", json::object()}}).code == 422);
}

TEST_CASE("rules review and self review: what one may, and who one is") {
  world w;
  w.may("jane", json::array({rule({"get"}, {""}, {"pods"})}), "default");
  auto rules = w.review("authorization.k8s.io", "selfsubjectrulesreviews",
                        {{"namespace", "default"}}, user("jane"));
  CHECK(rules["incomplete"] == false);
  CHECK(rules["resourceRules"] == json::array({rule({"get"}, {""}, {"pods"})}));
  CHECK(rules["nonResourceRules"] == json::array());
  CHECK(w.review("authorization.k8s.io", "selfsubjectrulesreviews", {{"namespace", "other"}},
                 user("jane"))["resourceRules"]
        == json::array());
  CHECK(w.review("authorization.k8s.io", "selfsubjectrulesreviews", {{"namespace", "default"}},
                 admin)["resourceRules"][0]
        == rule({"*"}, {"*"}, {"*"}));
  CHECK(
    w.as(admin, "authorization.k8s.io", "selfsubjectrulesreviews", "", {{"spec", json::object()}})
      .message()
    == "no namespace on request");
  api::user robot = user("jane");
  robot.uid = "u-1";
  robot.extra["scopes"] = {"all"};
  auto me = w.as(robot, "authentication.k8s.io", "selfsubjectreviews", "", json::object());
  CHECK(me.body["status"]["userInfo"]
        == json{{"username", "jane"},
                {"uid", "u-1"},
                {"groups", {"system:authenticated"}},
                {"extra", {{"scopes", {"all"}}}}});
}

TEST_CASE("escalation: a role may hold no more than its author, unless they may escalate") {
  world w;
  w.may("jane", json::array({rule({"*"}, {rbac}, {"clusterroles", "roles"}),
                             rule({"get", "list"}, {""}, {"pods"})}));
  auto role = [&](const char* name, const json& rules) {
    return world::named("ClusterRole", "rbac.authorization.k8s.io/v1", name, {{"rules", rules}});
  };
  auto make = [&](const char* who, const json& body) {
    return w.as(user(who), rbac, "clusterroles", "", body);
  };
  // "*" of the group's verbs contains escalate: the reader of pods below has no such star
  CHECK(make("jane", role("a", json::array({rule({"delete"}, {""}, {"nodes"})}))).code == 201);
  w.may("dave", json::array({rule({"create", "update", "patch"}, {rbac}, {"clusterroles", "roles"}),
                             rule({"get", "list"}, {""}, {"pods"})}));
  CHECK(make("dave", role("b", json::array({rule({"get"}, {""}, {"pods"})}))).code == 201);
  auto refused = make("dave", role("c", json::array({rule({"get", "delete"}, {""}, {"pods"})})));
  CHECK(refused.code == 403);
  CHECK(refused.message()
        == "clusterroles.rbac.authorization.k8s.io \"c\" is forbidden: user \"dave\" "
           "(groups=[\"system:authenticated\"]) is attempting to grant RBAC permissions not "
           "currently held:\n{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"delete\"]}");
  auto aggregate = role("d", json::array());
  aggregate["aggregationRule"] = {{"clusterRoleSelectors", json::array({json::object()})}};
  CHECK(make("dave", aggregate).message()
        == "clusterroles.rbac.authorization.k8s.io \"d\" is forbidden: must have cluster-admin "
           "privileges to use the aggregationRule");
  // an update is judged by what it grants, and one that grants nothing new is free
  auto patch = [&](const char* name, const json& body) {
    auto r = world::request(verb::patch, rbac, "v1", "clusterroles", "", name);
    r.from = user("dave");
    r.patch = api::patch_type::merge;
    r.body = body.dump();
    return w.run(r);
  };
  CHECK(patch("a", {{"metadata", {{"labels", {{"x", "y"}}}}}}).code == 200);
  CHECK(patch("b", {{"rules", json::array({rule({"*"}, {"*"}, {"*"})})}}).code == 403);
}

TEST_CASE("escalation: a binding may grant no more than its author holds, unless they may bind") {
  world w;
  const json create_bindings = rule({"create", "update"}, {rbac}, {"rolebindings"});
  w.may("dave", json::array({create_bindings, rule({"get"}, {""}, {"pods"})}));
  w.may("binder", json::array({create_bindings,
                               {{"verbs", {"bind"}},
                                {"apiGroups", {rbac}},
                                {"resources", {"clusterroles"}},
                                {"resourceNames", {"all"}}}}));
  auto role = [&](const char* name, const json& rules) {
    w.made(rbac, "clusterroles", "",
           world::named("ClusterRole", "rbac.authorization.k8s.io/v1", name, {{"rules", rules}}));
  };
  role("all", json::array({rule({"*"}, {"*"}, {"*"})}));
  role("read", json::array({rule({"get"}, {""}, {"pods"})}));
  auto binding = [](const std::string& to) {
    return world::named(
      "RoleBinding", "rbac.authorization.k8s.io/v1", "b-" + to,
      {{"roleRef", {{"apiGroup", rbac}, {"kind", "ClusterRole"}, {"name", to}}},
       {"subjects", json::array({{{"kind", "User"}, {"apiGroup", rbac}, {"name", "x"}}})}});
  };
  auto make = [&](const char* who, const char* to) {
    return w.as(user(who), rbac, "rolebindings", "default", binding(to));
  };
  CHECK(make("dave", "all").code == 403);
  CHECK(make("dave", "all").message()
        == "rolebindings.rbac.authorization.k8s.io \"b-all\" is forbidden: user \"dave\" "
           "(groups=[\"system:authenticated\"]) is attempting to grant RBAC permissions not "
           "currently held:\n{APIGroups:[\"*\"], Resources:[\"*\"], Verbs:[\"*\"]}");
  CHECK(make("dave", "read").code == 201);
  CHECK(make("binder", "all").code == 201);
  CHECK(make("dave", "not-there").code == 404);
  auto moved = binding("read");
  moved["metadata"]["namespace"] = "default";
  moved["roleRef"]["name"] = "all";
  auto changed = w.put(rbac, "v1", "rolebindings", moved);
  CHECK(changed.code == 422);
  CHECK(changed.message().find("cannot change roleRef") != std::string::npos);
}

TEST_CASE("node restriction: its own Node, without labels and taints of the cluster's") {
  world w;
  auto node = [](const char* name, const json& labels = json::object()) {
    auto out = world::named("Node", "v1", name);
    out["metadata"]["labels"] = labels;
    return out;
  };
  auto make = [&](const json& body) { return w.as(node1, "", "nodes", "", body); };
  CHECK(make(node("n2")).message()
        == "nodes \"n2\" is forbidden: node \"n1\" is not allowed to modify node \"n2\"");
  CHECK(make(node("n1", {{"node-restriction.kubernetes.io/secure", "yes"}})).message()
        == "nodes \"n1\" is forbidden: node \"n1\" is not allowed to set the following labels: "
           "node-restriction.kubernetes.io/secure");
  CHECK(make(node("n1",
                  {{"kubernetes.io/hostname", "n1"}, {"node.kubernetes.io/x", "y"}, {"rack", "7"}}))
          .code
        == 201);
  auto patch = [&](const json& body, const char* sub = "") {
    auto r = world::request(verb::patch, "", "v1", "nodes", "", "n1");
    r.from = node1;
    r.subresource = sub;
    r.patch = api::patch_type::merge;
    r.body = body.dump();
    return w.run(r);
  };
  CHECK(patch({{"metadata", {{"labels", {{"rack", "8"}}}}}}).code == 200);
  CHECK(patch({{"metadata", {{"labels", {{"node-role.kubernetes.io/x", "y"}}}}}}).message()
        == "nodes \"n1\" is forbidden: node \"n1\" is not allowed to modify labels: "
           "node-role.kubernetes.io/x");
  CHECK(patch({{"spec", {{"taints", json::array({{{"key", "k"}, {"effect", "NoExecute"}}})}}}})
          .message()
        == "nodes \"n1\" is forbidden: node \"n1\" is not allowed to modify taints");
  CHECK(patch({{"status", {{"phase", "Running"}}}}, "status").code == 200);
}

TEST_CASE("node restriction: mirror pods, its own pods' status, tokens for its own pods") {
  world w;
  auto mirror = [&](const char* node, bool marked, const json& more = json::object()) {
    auto out = support::pod_named("m");
    out["spec"]["nodeName"] = node;
    out["spec"].update(more);
    if (marked)
      out["metadata"]["annotations"] = {{"kubernetes.io/config.mirror", "x"}};
    return out;
  };
  auto make = [&](const json& body) { return w.as(node1, "", "pods", "default", body).message(); };
  CHECK(make(mirror("n1", false))
        == "pods \"m\" is forbidden: pod does not have \"kubernetes.io/config.mirror\" annotation, "
           "node \"n1\" can only create mirror pods");
  CHECK(make(mirror("n2", true))
        == "pods \"m\" is forbidden: node \"n1\" can only create pods with spec.nodeName set to "
           "itself");
  CHECK(
    make(mirror("n1", true,
                {{"volumes", json::array({{{"name", "v"}, {"secret", {{"secretName", "s"}}}}})}}))
    == "pods \"m\" is forbidden: node \"n1\" can not create pods that reference secrets");
  CHECK(w.as(node1, "", "pods", "default", mirror("n1", true)).code == 201);
  auto here = w.made("", "pods", "default", pod_of("here", "n1"));
  auto there = w.made("", "pods", "default", pod_of("there", "n2"));
  auto status = [&](const char* name, const json& body) {
    auto r = world::request(verb::patch, "", "v1", "pods", "default", name);
    r.from = node1;
    r.subresource = "status";
    r.patch = api::patch_type::merge;
    r.body = body.dump();
    return w.run(r);
  };
  CHECK(status("here", {{"status", {{"phase", "Running"}}}}).code == 200);
  CHECK(status("there", {{"status", {{"phase", "Running"}}}}).message()
        == "pods \"there\" is forbidden: node \"n1\" can only update pod status for pods with "
           "spec.nodeName set to itself");
  auto token = [&](const json& pod, bool with_uid = true) {
    json ref{{"apiVersion", "v1"}, {"kind", "Pod"}, {"name", pod["metadata"]["name"]}};
    if (with_uid)
      ref["uid"] = pod["metadata"]["uid"];
    return w.token({{"boundObjectRef", ref}}, node1);
  };
  CHECK(token(here).code == 201);
  CHECK(token(here, false).message()
        == "serviceaccounts \"robot\" is forbidden: node requested token with a pod binding "
           "without a uid");
  CHECK(
    token(there).message()
    == "serviceaccounts \"robot\" is forbidden: node requested token bound to a pod scheduled on "
       "a different node");
  CHECK(w.token(json::object(), node1).message()
        == "serviceaccounts \"robot\" is forbidden: node requested token not bound to a pod");
}

} // namespace
} // namespace troupe::pipeline
