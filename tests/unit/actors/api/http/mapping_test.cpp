#include "actors/api/http/mapping.hpp"

#include <doctest/doctest.h>

namespace troupe::http {
namespace {

using api::verb;

request asking(std::string method, std::string target, fields with = {}) {
  return {.method = std::move(method),
          .target = std::move(target),
          .fields = std::move(with),
          .body = {},
          .from = {}};
}

struct path_case {
  const char* method;
  const char* target;
  verb what;
  const char* group;
  const char* version;
  const char* resource;
  const char* ns;
  const char* name;
  const char* subresource;
};

TEST_CASE("mapping: every form of path becomes the request that it stands for") {
  const path_case cases[] = {
    {"GET", "/api/v1/pods", verb::list, "", "v1", "pods", "", "", ""},
    {"GET", "/api/v1/pods/", verb::list, "", "v1", "pods", "", "", ""},
    {"GET", "/api/v1/namespaces/a/pods", verb::list, "", "v1", "pods", "a", "", ""},
    {"GET", "/api/v1/namespaces/a/pods/p", verb::get, "", "v1", "pods", "a", "p", ""},
    {"HEAD", "/api/v1/namespaces/a/pods/p", verb::get, "", "v1", "pods", "a", "p", ""},
    {"GET", "/api/v1/namespaces/a/pods/p/status", verb::get, "", "v1", "pods", "a", "p", "status"},
    {"GET", "/api/v1/namespaces/a/pods/p/log", verb::get, "", "v1", "pods", "a", "p", "log"},
    {"POST", "/api/v1/namespaces/a/pods", verb::create, "", "v1", "pods", "a", "", ""},
    {"POST", "/api/v1/namespaces/a/pods/p/binding", verb::create, "", "v1", "pods", "a", "p",
     "binding"},
    {"POST", "/api/v1/namespaces/a/pods/p/exec?command=ls", verb::create, "", "v1", "pods", "a",
     "p", "exec"},
    {"PUT", "/apis/apps/v1/namespaces/a/deployments/d/scale", verb::update, "apps", "v1",
     "deployments", "a", "d", "scale"},
    {"PATCH", "/apis/apps/v1/namespaces/a/deployments/d", verb::patch, "apps", "v1", "deployments",
     "a", "d", ""},
    {"DELETE", "/api/v1/nodes/n", verb::remove, "", "v1", "nodes", "", "n", ""},
    {"DELETE", "/api/v1/namespaces/a/pods", verb::remove_collection, "", "v1", "pods", "a", "", ""},
    {"GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles/x%3Ay", verb::get,
     "rbac.authorization.k8s.io", "v1", "clusterroles", "", "x:y", ""},
    {"GET", "/api/v1/nodes/n/proxy/metrics/cadvisor", verb::get, "", "v1", "nodes", "", "n",
     "proxy"},
    // a namespace is a resource of its own
    {"GET", "/api/v1/namespaces", verb::list, "", "v1", "namespaces", "", "", ""},
    {"GET", "/api/v1/namespaces/foo", verb::get, "", "v1", "namespaces", "", "foo", ""},
    {"PUT", "/api/v1/namespaces/foo/status", verb::update, "", "v1", "namespaces", "", "foo",
     "status"},
    {"PUT", "/api/v1/namespaces/foo/finalize", verb::update, "", "v1", "namespaces", "", "foo",
     "finalize"},
    {"DELETE", "/api/v1/namespaces/foo", verb::remove, "", "v1", "namespaces", "", "foo", ""},
    // watches
    {"GET", "/api/v1/pods?watch=1", verb::watch, "", "v1", "pods", "", "", ""},
    {"GET", "/api/v1/namespaces/a/pods?watch=true&x=y", verb::watch, "", "v1", "pods", "a", "", ""},
    {"GET", "/api/v1/pods?watch=false", verb::list, "", "v1", "pods", "", "", ""},
    {"GET", "/api/v1/namespaces?watch=1", verb::watch, "", "v1", "namespaces", "", "", ""},
    {"GET", "/api/v1/watch/pods", verb::watch, "", "v1", "pods", "", "", ""},
    {"GET", "/apis/apps/v1/watch/namespaces/a/deployments", verb::watch, "apps", "v1",
     "deployments", "a", "", ""},
  };
  for (const auto& c : cases) {
    CAPTURE(c.target);
    auto got = to_api(asking(c.method, c.target,
                             {{"Content-Type", c.what == verb::patch ? "application/json-patch+json"
                                                                     : "application/json"}}));
    REQUIRE(got.has_value());
    CHECK(got->verb == c.what);
    CHECK(got->group == c.group);
    CHECK(got->version == c.version);
    CHECK(got->resource == c.resource);
    CHECK(got->ns == c.ns);
    CHECK(got->name == c.name);
    CHECK(got->subresource == c.subresource);
  }
}

TEST_CASE("mapping: the deprecated watch of one object selects it by its name") {
  auto got = *to_api(asking("GET", "/api/v1/watch/namespaces/a/pods/p?resourceVersion=5"));
  CHECK(got.verb == verb::watch);
  CHECK(got.ns == "a");
  CHECK(got.name.empty());
  CHECK(got.options.field_selector == "metadata.name=p");
  CHECK(got.options.version == revision{5});
}

TEST_CASE("mapping: what is no resource is a document with its path and query") {
  for (const auto* path :
       {"/", "/version", "/healthz?verbose", "/api", "/apis", "/api/v1", "/apis/apps",
        "/apis/apps/v1", "/openapi/v3/apis/apps/v1?hash=1", "/openapi/v2"}) {
    auto got = to_api(asking("GET", path, {{"Accept", "application/x-of-its-own"}}));
    REQUIRE(got.has_value());
    CHECK(got->verb == verb::document);
    CHECK(got->path == path);
    CHECK(got->accept == "application/x-of-its-own");
  }
  CHECK(to_api(asking("POST", "/version")).error().reason == reason::method_not_allowed);
}

TEST_CASE("mapping: methods that a path has not are refused") {
  CHECK(to_api(asking("POST", "/api/v1/namespaces/a/pods/p")).error().reason
        == reason::method_not_allowed);
  CHECK(to_api(asking("PUT", "/api/v1/namespaces/a/pods")).error().reason
        == reason::method_not_allowed);
  CHECK(to_api(asking("PATCH", "/api/v1/pods")).error().reason == reason::method_not_allowed);
  CHECK(to_api(asking("BREW", "/api/v1/pods")).error().reason == reason::method_not_allowed);
}

TEST_CASE("mapping: paths that try to climb or to hide a slash are bad requests") {
  for (const auto* target : {"/api/v1/namespaces/../pods", "/api/v1/namespaces/a/pods/x%2Fy",
                             "/api/v1/pods/%2e%2e", "/api/v1/pods/a%00b", "/api/v1/pods/%zz",
                             "/api/v1/pods/%4", "api/v1/pods", "http://x/api/v1", "*", ""})
    CHECK(to_api(asking("GET", target)).error().reason == reason::bad_request);
}

TEST_CASE("mapping: the options of reading") {
  auto o =
    to_api(asking("GET", "/api/v1/pods?labelSelector=a%3Db%2Cc&fieldSelector=spec.nodeName%3Dn"
                         "&limit=500&continue=tok&resourceVersion=7&timeoutSeconds=30"
                         "&includeUninitialized=true"))
      ->options;
  CHECK(o.label_selector == "a=b,c");
  CHECK(o.field_selector == "spec.nodeName=n");
  CHECK(o.limit == 500);
  CHECK(o.next == "tok");
  CHECK(o.version == revision{7});
  CHECK(o.timeout == 30s);
  CHECK(o.uninitialized);
  CHECK(!to_api(asking("GET", "/api/v1/pods?resourceVersion="))->options.version);
  CHECK(to_api(asking("GET", "/api/v1/pods?resourceVersion=0"))->options.version == revision{0});
  CHECK(to_api(asking("GET", "/api/v1/pods?resourceVersion=5&resourceVersionMatch=Exact"))
          ->options.match
        == api::version_match::exact);
  auto w =
    to_api(asking("GET", "/api/v1/pods?watch=1&allowWatchBookmarks=true&sendInitialEvents=true"
                         "&resourceVersionMatch=NotOlderThan"))
      ->options;
  CHECK(w.bookmarks);
  CHECK(w.initial_events);
  CHECK(w.match == api::version_match::not_older_than);
}

TEST_CASE("mapping: a get knows no resourceVersionMatch; a watch may ask for no initial events") {
  auto of = [](const std::string& rest) { return to_api(asking("GET", "/api/v1/nodes" + rest)); };
  CHECK(of("/n?resourceVersion=1&resourceVersionMatch=Other")->options.version == revision{1});
  auto none = of("?watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan");
  REQUIRE(none);
  CHECK(!none->options.initial_events);
  CHECK(none->options.match == api::version_match::not_older_than);
  CHECK(!of("?watch=1&sendInitialEvents=false"));
}

TEST_CASE("mapping: options that say nothing sensible are refused") {
  for (const auto* query : {"limit=x", "limit=-1", "resourceVersion=abc", "timeoutSeconds=1.5"})
    CHECK(to_api(asking("GET", std::string{"/api/v1/pods?"} + query)).error().reason
          == reason::bad_request);
  for (const auto* query :
       {"resourceVersionMatch=Exact", "resourceVersion=0&resourceVersionMatch=Exact",
        "resourceVersion=1&resourceVersionMatch=Other", "sendInitialEvents=true",
        "resourceVersion=1&resourceVersionMatch=Exact&continue=x",
        "watch=1&resourceVersion=1&resourceVersionMatch=NotOlderThan",
        "watch=1&sendInitialEvents=true"}) {
    CAPTURE(query);
    auto got = to_api(asking("GET", std::string{"/api/v1/pods?"} + query));
    REQUIRE(!got.has_value());
    CHECK(got.error().reason == reason::invalid);
    CHECK(got.error().causes.size() == 1);
  }
  CHECK(to_api(asking("POST", "/api/v1/namespaces?dryRun=Some")).error().reason == reason::invalid);
  CHECK(to_api(asking("POST", "/api/v1/namespaces?fieldValidation=No")).error().reason
        == reason::invalid);
  CHECK(to_api(asking("DELETE", "/api/v1/nodes/n?propagationPolicy=No")).error().reason
        == reason::invalid);
}

TEST_CASE("mapping: the options of writing and of deleting") {
  auto w =
    to_api(asking("POST", "/api/v1/namespaces?dryRun=All&fieldValidation=Strict&fieldManager=me"))
      ->options;
  CHECK(w.dry_run);
  CHECK(w.fields == api::validation::strict);
  CHECK(w.field_manager == "me");
  auto d =
    to_api(asking("DELETE", "/api/v1/nodes/n?gracePeriodSeconds=0&propagationPolicy=Foreground"))
      ->options;
  CHECK(d.grace == 0);
  CHECK(d.propagate == api::propagation::foreground);
  CHECK(to_api(asking("DELETE", "/api/v1/nodes/n?orphanDependents=true"))->options.propagate
        == api::propagation::orphan);
  CHECK(to_api(asking("PATCH", "/api/v1/nodes/n?force=true",
                      {{"Content-Type", "application/apply-patch+yaml"}}))
          ->options.force);
}

TEST_CASE("mapping: who writes is the fieldManager, else the first word of the User-Agent") {
  auto manager = [](const char* method, const std::string& query, const std::string& agent,
                    const char* type = "application/json") {
    auto path = std::string{"/api/v1/namespaces"} + (method[1] == 'O' ? "" : "/n") + query;
    return to_api(asking(method, path, {{"Content-Type", type}, {"User-Agent", agent}}))
      ->options.field_manager;
  };
  CHECK(manager("POST", "", "kubectl/v1.33.0 (linux/amd64) kubernetes/1234567") == "kubectl");
  CHECK(manager("PUT", "?fieldManager=me", "kubectl/v1.33.0") == "me");
  CHECK(manager("PATCH", "", "OpenAPI-Generator/1.0/python", "application/merge-patch+json")
        == "OpenAPI-Generator");
  CHECK(manager("POST", "", "") == "");
  CHECK(manager("POST", "", std::string(200, 'x')).size() == 128);
  CHECK(manager("PATCH", "", "kubectl/v1.33.0", "application/apply-patch+yaml") == "");
}

TEST_CASE("mapping: only an apply may force") {
  auto forced = to_api(asking("PATCH", "/api/v1/nodes/n?force=true",
                              {{"Content-Type", "application/merge-patch+json"}}));
  REQUIRE(!forced);
  CHECK(forced.error().reason == reason::invalid);
  CHECK(forced.error().message
        == "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for "
           "non-apply patch");
}

TEST_CASE("mapping: what is accepted decides the form of the answer") {
  using transform = decltype(api::wanted::transform);
  struct accept_case {
    const char* header;
    api::media as;
    transform how;
  };
  const accept_case cases[] = {
    {"", api::media::json, transform::none},
    {"*/*", api::media::json, transform::none},
    {"application/*", api::media::json, transform::none},
    {"application/json", api::media::json, transform::none},
    {"application/yaml", api::media::yaml, transform::none},
    {"application/vnd.kubernetes.protobuf, */*", api::media::protobuf, transform::none},
    {"application/vnd.kubernetes.protobuf,application/json", api::media::protobuf, transform::none},
    {"application/json;q=0.5, application/yaml", api::media::yaml, transform::none},
    {"*/*, application/yaml", api::media::yaml, transform::none},
    {"text/html, application/json", api::media::json, transform::none},
    {"application/cbor, application/json;q=0.9", api::media::json, transform::none},
    {"application/json;as=Table;v=v1;g=meta.k8s.io,application/"
     "json;as=Table;v=v1beta1;g=meta.k8s.io,"
     "application/json",
     api::media::json, transform::table},
    {"application/json;as=Other;v=v1;g=meta.k8s.io,application/json", api::media::json,
     transform::none},
    {"application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", api::media::json,
     transform::partial_metadata},
    {"application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,"
     "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json",
     api::media::json, transform::partial_metadata_list},
    {"application/json;stream=watch", api::media::json, transform::none},
    {"application/json; charset=utf-8", api::media::json, transform::none},
  };
  for (const auto& c : cases) {
    CAPTURE(c.header);
    auto got = parse_accept(c.header);
    REQUIRE(got.has_value());
    CHECK(got->as == c.as);
    CHECK(got->transform == c.how);
  }
  for (const auto* header : {"text/html", "application/json;q=0", "application/cbor",
                             "application/json;as=Table;v=v7;g=meta.k8s.io"})
    CHECK(parse_accept(header).error().reason == reason::not_acceptable);
  CHECK(!to_api(asking("GET", "/api/v1/pods?includeObject=None"))->answer.objects_in_table);
  CHECK(to_api(asking("GET", "/api/v1/namespaces/a/pods/p/log", {{"Accept", "text/plain"}}))
          .has_value());
}

TEST_CASE("mapping: the body's type is known or refused") {
  struct type_case {
    const char* type;
    api::patch_type how;
  };
  for (const auto& c :
       {type_case{"application/json-patch+json", api::patch_type::json},
        type_case{"application/merge-patch+json; charset=utf-8", api::patch_type::merge},
        type_case{"application/strategic-merge-patch+json", api::patch_type::strategic},
        type_case{"application/apply-patch+yaml", api::patch_type::apply}})
    CHECK(to_api(asking("PATCH", "/api/v1/nodes/n", {{"Content-Type", c.type}}))->patch == c.how);
  CHECK(to_api(asking("PATCH", "/api/v1/nodes/n", {{"Content-Type", "application/json"}}))
          .error()
          .reason
        == reason::unsupported_media_type);
  auto post = asking("POST", "/api/v1/namespaces", {{"Content-Type", "application/yaml"}});
  post.body = "kind: Namespace";
  CHECK(to_api(post)->body_as == api::media::yaml);
  CHECK(to_api(post)->body == "kind: Namespace");
  post.fields = {{"Content-Type", "application/vnd.kubernetes.protobuf"}};
  CHECK(to_api(post)->body_as == api::media::protobuf);
  post.fields = {{"Content-Type", "text/csv"}};
  CHECK(to_api(post).error().reason == reason::unsupported_media_type);
  post.fields = {};
  CHECK(to_api(post)->body_as == api::media::json);
}

TEST_CASE("mapping: an answer carries its type, its warnings and its rest") {
  struct two_pieces : api::body_source {
    int left = 2;
    bool next(std::string& out) override {
      out += "piece";
      return --left > 0;
    }
  };
  api::response from{.code = 201, .as = api::media::yaml, .body = share("x")};
  from.warnings = {"plain", R"(with "quotes" and \)"};
  from.rest = std::make_shared<two_pieces>();
  auto out = to_http(from);
  CHECK(out.code == 201);
  CHECK(out.fields.get("Content-Type") == "application/yaml");
  auto warnings = out.fields.all("Warning");
  REQUIRE(warnings.size() == 2);
  CHECK(warnings[0] == R"(299 - "plain")");
  CHECK(warnings[1] == R"(299 - "with \"quotes\" and \\")");
  CHECK(*out.source() == "piece");
  CHECK(*out.source() == "piece");
  CHECK(out.source() == nullptr);
}

TEST_CASE("mapping: a failure is a Status with its code, and says when to come again") {
  auto out = failure_response(
    {.reason = reason::too_many_requests, .message = "busy", .retry_after_seconds = 7});
  CHECK(out.code == 429);
  CHECK(out.fields.get("Retry-After") == "7");
  CHECK(out.fields.get("Content-Type") == "application/json");
  CHECK(out.body->find(R"("reason":"TooManyRequests")") != std::string::npos);
}

TEST_CASE("mapping: a stream of events names its form") {
  CHECK(watch_head({}).get("Content-Type") == "application/json");
  CHECK(watch_head({.as = api::media::protobuf}).get("Content-Type")
        == "application/vnd.kubernetes.protobuf;stream=watch");
}

} // namespace
} // namespace troupe::http
