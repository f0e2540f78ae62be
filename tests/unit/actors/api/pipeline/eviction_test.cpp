#include "tests/support/api_world.hpp"

#include <doctest/doctest.h>

namespace troupe::pipeline {
namespace {

using namespace support;
using api::patch_type;
using api::verb;

answer evict(api_world& w, const std::string& pod, const json& options = json::object()) {
  auto r = api_world::request(verb::create, "", "v1", "pods", "default", pod);
  r.subresource = "eviction";
  r.body = json{{"apiVersion", "policy/v1"},
                {"kind", "Eviction"},
                {"metadata", {{"name", pod}}},
                {"deleteOptions", options}}
             .dump();
  return w.run(r);
}

void run_pod(api_world& w, const std::string& name) {
  w.post("", "v1", "pods", "default", pod_named(name, {{"app", "web"}}));
  auto r = api_world::request(verb::create, "", "v1", "pods", "default", name);
  r.subresource = "binding";
  r.body = R"({"target":{"name":"n1"}})";
  REQUIRE(w.run(r).code == 201);
  REQUIRE(
    w.patch("", "v1", "pods", "default", name, patch_type::merge,
            json::parse(
              R"({"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}})"),
            "status")
      .code
    == 200);
}

TEST_CASE("eviction: deletes a pod that no budget protects") {
  api_world w;
  run_pod(w, "a");
  CHECK(evict(w, "a").code == 201);
  CHECK(w.get("", "v1", "pods", "default", "a").body["metadata"].contains("deletionTimestamp"));
  CHECK(evict(w, "none").code == 404);
}

TEST_CASE("eviction: takes what a budget allows, then is told to wait") {
  api_world w;
  for (const char* name : {"a", "b", "c"})
    run_pod(w, name);
  auto made = w.post(
    "policy", "v1", "poddisruptionbudgets", "default",
    json::parse(
      R"({"metadata":{"name":"p"},"spec":{"minAvailable":1,"selector":{"matchLabels":{"app":"web"}}}})"));
  REQUIRE(made.code == 201);
  auto early = evict(w, "a");
  CHECK(early.code == 429);
  CHECK(early.body["details"]["causes"][0]["reason"] == "DisruptionBudget");
  auto tree = made.body;
  tree["status"] = {{"observedGeneration", 1},
                    {"disruptionsAllowed", 1},
                    {"currentHealthy", 3},
                    {"desiredHealthy", 1},
                    {"expectedPods", 3}};
  REQUIRE(w.put("policy", "v1", "poddisruptionbudgets", tree, "status").code == 200);
  CHECK(evict(w, "a").code == 201);
  auto after = w.get("policy", "v1", "poddisruptionbudgets", "default", "p").body;
  CHECK(after["status"]["disruptionsAllowed"] == 0);
  CHECK(after["status"]["disruptedPods"].contains("a"));
  CHECK(evict(w, "b").code == 429);
  CHECK(!w.get("", "v1", "pods", "default", "b").body["metadata"].contains("deletionTimestamp"));
}

} // namespace
} // namespace troupe::pipeline
