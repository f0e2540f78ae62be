// Deleting: finalizers, grace periods, namespaces, collections.
#include "config/api/object.hpp"
#include "tests/support/api_world.hpp"

#include <doctest/doctest.h>

namespace troupe::pipeline {
namespace {

using namespace support;
using api::patch_type;
using api::verb;

answer remove_with(api_world& w, const char* resource, const char* name, const json& options) {
  auto r = api_world::request(verb::remove, "", "v1", resource, "default", name);
  r.body = options.dump();
  return w.run(r);
}

void bind_to(api_world& w, const std::string& pod, const std::string& node) {
  auto r = api_world::request(verb::create, "", "v1", "pods", "default", pod);
  r.subresource = "binding";
  r.body = json{{"target", {{"kind", "Node"}, {"name", node}}}}.dump();
  auto bound = w.run(r);
  REQUIRE_MESSAGE(bound.code == 201, bound.text);
}

TEST_CASE("delete: an object that nothing holds is gone at once") {
  api_world w;
  w.post("", "v1", "configmaps", "default", {{"metadata", {{"name", "c"}}}});
  auto gone = w.remove("", "v1", "configmaps", "default", "c");
  CHECK(gone.code == 200);
  CHECK(gone.body["status"] == "Success");
  CHECK(gone.body["details"]["name"] == "c");
  CHECK(gone.body["details"]["kind"] == "configmaps");
  CHECK(w.remove("", "v1", "configmaps", "default", "c").code == 404);
}

TEST_CASE("delete: finalizers hold an object until the last is removed") {
  api_world w;
  w.post("", "v1", "configmaps", "default",
         {{"metadata", {{"name", "c"}, {"finalizers", {"example.com/a", "example.com/b"}}}}});
  auto marked = w.remove("", "v1", "configmaps", "default", "c");
  CHECK(marked.code == 200);
  CHECK(marked.body["metadata"]["deletionTimestamp"] == api::format_time(w.now));
  auto at = w.store.at();
  CHECK(w.remove("", "v1", "configmaps", "default", "c").code == 200); // already going
  CHECK(w.store.at() == at);
  auto more = w.patch(
    "", "v1", "configmaps", "default", "c", patch_type::json,
    json::parse(R"([{"op":"add","path":"/metadata/finalizers/-","value":"example.com/c"}])"));
  CHECK(more.code == 422);
  CHECK(more.message().find("no new finalizers can be added if the object is being deleted")
        != std::string::npos);
  CHECK(w.patch("", "v1", "configmaps", "default", "c", patch_type::merge,
                {{"metadata", {{"finalizers", {"example.com/b"}}}}})
          .code
        == 200);
  CHECK(w.get("", "v1", "configmaps", "default", "c").code == 200);
  CHECK(w.patch("", "v1", "configmaps", "default", "c", patch_type::merge,
                {{"metadata", {{"finalizers", nullptr}}}})
          .code
        == 200);
  CHECK(w.get("", "v1", "configmaps", "default", "c").code == 404);
  CHECK(!w.store.changes().back().now);
}

TEST_CASE("delete: propagation becomes the garbage collector's finalizers") {
  api_world w;
  auto make = [&](const char* name) {
    w.post("apps", "v1", "deployments", "default", deployment_named(name, 1));
  };
  make("fore");
  auto r = api_world::request(verb::remove, "apps", "v1", "deployments", "default", "fore");
  r.body = R"({"propagationPolicy":"Foreground"})";
  auto held = w.run(r);
  CHECK(held.code == 202);
  CHECK(held.body["metadata"]["finalizers"] == json{"foregroundDeletion"});
  CHECK(held.body["metadata"]["generation"] == 2);
  r.body = R"({"propagationPolicy":"Background"})"; // changes its mind: nothing holds it any more
  CHECK(w.run(r).body["status"] == "Success");
  make("orphan");
  r.name = "orphan";
  r.body.clear();
  r.options.propagate = api::propagation::orphan;
  CHECK(w.run(r).body["metadata"]["finalizers"] == json{"orphan"});
  r.options.propagate = api::propagation::unset;
  r.body = R"({"propagationPolicy":"Sideways"})";
  CHECK(w.run(r).code == 422);
}

TEST_CASE("delete: preconditions are conflicts when they do not hold") {
  api_world w;
  auto made = w.post("", "v1", "configmaps", "default", {{"metadata", {{"name", "c"}}}}).body;
  CHECK(remove_with(w, "configmaps", "c", {{"preconditions", {{"uid", "x"}}}}).code == 409);
  CHECK(remove_with(w, "configmaps", "c", {{"preconditions", {{"resourceVersion", "3"}}}}).code
        == 409);
  CHECK(remove_with(w, "configmaps", "c",
                    {{"preconditions",
                      {{"uid", made["metadata"]["uid"]},
                       {"resourceVersion", made["metadata"]["resourceVersion"]}}}})
          .code
        == 200);
}

TEST_CASE("delete: a pod without a node goes at once, a bound one after its grace period") {
  api_world w;
  w.post("", "v1", "pods", "default", pod_named("free"));
  CHECK(w.remove("", "v1", "pods", "default", "free").body["kind"] == "Pod");
  CHECK(w.get("", "v1", "pods", "default", "free").code == 404);
  auto made = w.post("", "v1", "pods", "default", pod_named("web"));
  bind_to(w, "web", "n1");
  auto going = w.remove("", "v1", "pods", "default", "web");
  CHECK(going.code == 200);
  CHECK(going.body["metadata"]["deletionGracePeriodSeconds"] == 30);
  CHECK(going.body["metadata"]["deletionTimestamp"] == api::format_time(w.now + 30s));
  auto shorter = remove_with(w, "pods", "web", {{"gracePeriodSeconds", 5}});
  CHECK(shorter.body["metadata"]["deletionTimestamp"] == api::format_time(w.now + 5s));
  CHECK(remove_with(w, "pods", "web", {{"gracePeriodSeconds", 60}})
          .body["metadata"]["deletionGracePeriodSeconds"]
        == 5);
  auto wrong = remove_with(w, "pods", "web",
                           {{"gracePeriodSeconds", 0}, {"preconditions", {{"uid", "other"}}}});
  CHECK(wrong.code == 409);
  auto gone = remove_with(
    w, "pods", "web",
    {{"gracePeriodSeconds", 0}, {"preconditions", {{"uid", made.body["metadata"]["uid"]}}}});
  CHECK(gone.code == 200);
  CHECK(w.get("", "v1", "pods", "default", "web").code == 404);
}

TEST_CASE("namespace: goes in two steps and takes nothing new meanwhile") {
  api_world w;
  auto made = w.post("", "v1", "namespaces", "", {{"metadata", {{"name", "team"}}}});
  CHECK(made.body["spec"]["finalizers"] == json{"kubernetes"});
  CHECK(made.body["status"]["phase"] == "Active");
  CHECK(made.body["metadata"]["labels"]["kubernetes.io/metadata.name"] == "team");
  w.post("", "v1", "configmaps", "team", {{"metadata", {{"name", "c"}}}});
  auto going = w.remove("", "v1", "namespaces", "", "team");
  CHECK(going.code == 200);
  CHECK(going.body["status"]["phase"] == "Terminating");
  auto refused = w.post("", "v1", "configmaps", "team", {{"metadata", {{"name", "d"}}}});
  CHECK(refused.code == 403);
  CHECK(refused.message().find(
          "unable to create new content in namespace team because it is being terminated")
        != std::string::npos);
  CHECK(refused.body["details"]["causes"][0]["reason"] == "NamespaceTerminating");
  CHECK(w.remove("", "v1", "namespaces", "", "team").code == 409);
  auto tree = w.get("", "v1", "namespaces", "", "team").body;
  tree["spec"]["finalizers"] = json::array();
  CHECK(w.put("", "v1", "namespaces", tree).body["spec"]["finalizers"]
        == json{"kubernetes"}); // only finalize may
  tree.at("metadata").erase("resourceVersion");
  CHECK(w.put("", "v1", "namespaces", tree, "finalize").code == 200);
  CHECK(w.get("", "v1", "namespaces", "", "team").code == 404);
}

TEST_CASE("namespace: a create that meets its deletion is refused, not stored") {
  api_world w;
  w.post("", "v1", "namespaces", "", {{"metadata", {{"name", "team"}}}});
  w.meanwhile = [&] { CHECK(w.remove("", "v1", "namespaces", "", "team").code == 200); };
  CHECK(w.post("", "v1", "configmaps", "team", {{"metadata", {{"name", "c"}}}}).code == 403);
}

TEST_CASE("namespace: those the cluster lives in cannot be deleted") {
  api_world w;
  auto refused = w.remove("", "v1", "namespaces", "", "kube-system");
  CHECK(refused.code == 403);
  CHECK(refused.message()
        == "namespaces \"kube-system\" is forbidden: this namespace may not be deleted");
}

TEST_CASE("deletecollection: what the selector names goes, and is answered") {
  api_world w;
  for (int i = 0; i < 6; ++i)
    w.post("", "v1", "configmaps", "default",
           {{"metadata",
             {{"name", "c" + std::to_string(i)}, {"labels", {{"odd", i % 2 ? "yes" : "no"}}}}}});
  auto r = api_world::request(verb::remove_collection, "", "v1", "configmaps", "default");
  r.options.label_selector = "odd=yes";
  auto gone = w.run(r);
  CHECK(gone.code == 200);
  CHECK(gone.body["items"].size() == 3);
  CHECK(w.list("", "v1", "configmaps", "default").body["items"].size() == 3);
  CHECK(w.run(r).body["items"].empty());
}

} // namespace
} // namespace troupe::pipeline
