#include "actors/api/auth/authorize.hpp"
#include "tests/support/memory_store.hpp"

#include <doctest/doctest.h>

namespace troupe::authz {
namespace {

using api::verb;

/// A store with two pods, one bound to n1 that uses a Secret and a ConfigMap, one bound to n2.
store::view_ptr two_pods() {
  support::memory_store s;
  auto put = [&](const char* key, const char* value) {
    s.apply(
      {.when = {}, .then = {{.what = store::operation::kind::put, .key = key, .value = value}}});
  };
  put(
    "/registry/core/pods/default/mine",
    R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"mine"},"spec":{"nodeName":"n1","containers":[
        {"name":"c","env":[{"name":"E","valueFrom":{"configMapKeyRef":{"name":"settings","key":"k"}}}]}],
        "volumes":[{"name":"v","secret":{"secretName":"password"}}]}})");
  put(
    "/registry/core/pods/default/other",
    R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"other"},"spec":{"nodeName":"n2","containers":[],
        "volumes":[{"name":"v","secret":{"secretName":"hidden"}}]}})");
  return s.view();
}

result<void> authorize(const api::request& r, const store::view& view) {
  return authz::authorize(r, view, *policy::of(view));
}

api::request asks(const char* user, const char* group, verb v, const char* resource,
                  const char* ns = "", const char* name = "", const char* sub = "") {
  api::request r;
  r.verb = v;
  r.version = "v1";
  std::string_view full{resource};
  auto dot = full.find('.');
  r.resource = full.substr(0, dot);
  r.group = dot == full.npos ? "" : full.substr(dot + 1);
  r.ns = ns;
  r.name = name;
  r.subresource = sub;
  r.from = {.name = user, .groups = {group, "system:authenticated"}, .uid = {}};
  return r;
}

TEST_CASE("authorization: masters may do everything, users nothing that they were not given") {
  auto view = two_pods();
  CHECK(authorize(asks("admin", "system:masters", verb::remove, "nodes", "", "n1"), *view));
  auto inside = asks("", "", verb::remove, "pods", "default", "mine");
  inside.from = internal_user("garbage-collector");
  CHECK(authorize(inside, *view));
  auto refused = authorize(asks("jane", "devs", verb::get, "pods", "default", "mine"), *view);
  REQUIRE(!refused);
  CHECK(refused.error().reason == reason::forbidden);
  CHECK(refused.error().message
        == "pods \"mine\" is forbidden: User \"jane\" cannot get resource \"pods\" in API group "
           "\"\" in the namespace \"default\"");
  CHECK(authorize(asks("jane", "devs", verb::list, "deployments.apps"), *view).error().message
        == "deployments.apps is forbidden: User \"jane\" cannot list resource \"deployments\" in "
           "API group \"apps\" at the cluster scope");
}

TEST_CASE("authorization: anonymous requests get health and version only") {
  auto view = two_pods();
  auto document = [&](const char* path, const char* user) {
    auto r = asks(user, "x", verb::document, "");
    r.path = path;
    return authorize(r, *view);
  };
  for (auto path : {"/healthz", "/livez", "/readyz?verbose", "/readyz/store", "/version"})
    CHECK_MESSAGE(document(path, "system:anonymous"), path);
  CHECK(document("/api", "system:anonymous").error().reason == reason::unauthorized);
  CHECK(document("/healthzz", "system:anonymous").error().reason == reason::unauthorized);
  CHECK(document("/openapi/v3", "jane").error().message // by a role only: system:discovery
        == "forbidden: User \"jane\" cannot get path \"/openapi/v3\"");
  CHECK(document("/metrics", "jane").error().message
        == "forbidden: User \"jane\" cannot get path \"/metrics\"");
  CHECK(authorize(asks("system:anonymous", "system:unauthenticated", verb::list, "pods"), *view)
          .error()
          .reason
        == reason::unauthorized);
}

TEST_CASE("authorization: a node may do what its own pods need") {
  auto view = two_pods();
  struct row {
    bool may;
    verb what;
    const char *resource, *ns, *name, *sub;
  };
  for (auto [may, what, resource, ns, name, sub] : {
         row{true, verb::get, "nodes", "", "n1", ""},
         row{true, verb::patch, "nodes", "", "n1", "status"},
         row{false, verb::patch, "nodes", "", "n2", "status"},
         row{false, verb::remove, "nodes", "", "n1", ""},
         row{true, verb::update, "leases.coordination.k8s.io", "kube-node-lease", "n1", ""},
         row{false, verb::update, "leases.coordination.k8s.io", "kube-node-lease", "n2", ""},
         row{false, verb::update, "leases.coordination.k8s.io", "kube-system", "n1", ""},
         row{true, verb::patch, "pods", "default", "mine", "status"},
         row{false, verb::patch, "pods", "default", "other", "status"},
         row{false, verb::patch, "pods", "default", "mine", ""},
         row{true, verb::remove, "pods", "default", "mine", ""},
         row{false, verb::remove, "pods", "default", "other", ""},
         row{true, verb::get, "pods", "default", "mine", ""},
         row{false, verb::get, "pods", "default", "other", ""},
         row{true, verb::get, "pods", "default", "gone", ""},
         row{false, verb::list, "pods", "", "", ""},
         row{true, verb::get, "secrets", "default", "password", ""},
         row{false, verb::get, "secrets", "default", "hidden", ""},
         row{false, verb::list, "secrets", "default", "", ""},
         row{true, verb::get, "configmaps", "default", "settings", ""},
         row{false, verb::get, "configmaps", "default", "password", ""},
         row{true, verb::watch, "services", "", "", ""},
         row{true, verb::watch, "endpointslices.discovery.k8s.io", "", "", ""},
         row{true, verb::create, "events", "default", "", ""},
         row{false, verb::remove, "events", "default", "e", ""},
         row{false, verb::list, "deployments.apps", "", "", ""},
         row{false, verb::get, "clusterroles.rbac.authorization.k8s.io", "", "x", ""},
       }) {
    auto r = asks("system:node:n1", "system:nodes", what, resource, ns, name, sub);
    CHECK_MESSAGE(authorize(r, *view).has_value() == may,
                  resource << " " << name << " " << static_cast<int>(what));
    r.from.groups = {"system:authenticated"}; // the name alone says nothing
    CHECK(!authorize(r, *view));
  }
}

TEST_CASE("authorization: a node watches its own pods only") {
  auto view = two_pods();
  auto r = asks("system:node:n1", "system:nodes", verb::watch, "pods");
  r.options.field_selector = "spec.nodeName=n1";
  CHECK(authorize(r, *view));
  r.options.field_selector = "spec.nodeName=n2";
  CHECK(!authorize(r, *view));
  r.options.field_selector = "spec.nodeName!=n1";
  CHECK(!authorize(r, *view));
}

TEST_CASE("authorization: a node's own refusals say why") {
  auto view = two_pods();
  auto said = [&](verb what, const char* resource, const char* ns, const char* name,
                  const char* sub = "") {
    auto text =
      authorize(asks("system:node:n1", "system:nodes", what, resource, ns, name, sub), *view)
        .error()
        .message;
    auto at = text.rfind(": ");
    return at == text.npos ? text : text.substr(at + 2);
  };
  CHECK(said(verb::get, "secrets", "default", "hidden")
        == "no relationship found between node 'n1' and this object");
  CHECK(said(verb::update, "secrets", "default", "password")
        == "can only read resources of this type");
  CHECK(said(verb::list, "secrets", "default", "") == "No Object name found");
  CHECK(said(verb::update, "leases.coordination.k8s.io", "kube-system", "n1")
        == "can only access leases in the \"kube-node-lease\" system namespace");
  CHECK(said(verb::create, "serviceaccounts", "default", "default", "token")
        == "no relationship found between node 'n1' and this object");
  CHECK(said(verb::list, "pods", "", "")
        == "can only list/watch pods with spec.nodeName field selector");
}

} // namespace
} // namespace troupe::authz
