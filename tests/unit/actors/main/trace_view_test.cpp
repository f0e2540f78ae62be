#include "actors/main/commands/trace_view.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace troupe::program {
namespace {

using nlohmann::json;

json event(std::uint64_t id, std::vector<std::uint64_t> causes, const std::string& process,
           const std::string& object, std::int64_t at) {
  return {{"id", id},        {"causes", causes},   {"process", process},  {"sender", "a"},
          {"receiver", "b"}, {"type", "t"},        {"object", object},    {"enqueued", at},
          {"started", at},   {"ended", at + 1000}, {"outcome", "handled"}};
}

TEST_CASE(
  "trace: an object is meant by its kind in any of its forms, with or without its namespace") {
  auto e = event(1, {}, "m", "Deployment/default/web", 1);
  CHECK(concerns(e, "deployment/web"));
  CHECK(concerns(e, "deployments/web"));
  CHECK(concerns(e, "Deployment/default/web"));
  CHECK_FALSE(concerns(e, "deployment/other/web"));
  CHECK_FALSE(concerns(e, "deployment/webb"));
  CHECK_FALSE(concerns(e, "pod/web"));
  CHECK(concerns(event(1, {}, "m", "ingresses/default/x", 1), "ingress/x"));
  CHECK(concerns(event(1, {}, "m", "NetworkPolicy/default/x", 1), "networkpolicies/x"));
}

TEST_CASE("trace: the chain holds the object's messages and all that caused them, over processes, "
          "in time") {
  trace_events all = {event(4, {3}, "node-1", "Pod/default/web-1", 40),
                      event(1, {}, "master-1", "", 10), event(2, {1}, "master-2", "", 20),
                      event(3, {2}, "master-3", "", 30),
                      event(9, {}, "master-1", "Pod/default/other", 5)};
  auto chain = causal_chain(all, "pod/web-1");
  REQUIRE(chain.size() == 4);
  CHECK(chain.front()["id"] == 1);
  CHECK(chain.back()["id"] == 4);
  CHECK(causal_chain(all, "").size() == 5);
}

TEST_CASE("trace: with one hop's cause lost the chain does not reach the request") {
  trace_events all = {event(1, {}, "m", "", 10), event(2, {}, "m", "", 20),
                      event(3, {2}, "m", "Pod/default/p", 30)};
  auto chain = causal_chain(all, "pod/p");
  CHECK(chain.size() == 2);
}

TEST_CASE("trace: a cause that left the ring ends the chain without harm") {
  CHECK(causal_chain({event(3, {77}, "m", "Pod/default/p", 30)}, "pod/p").size() == 1);
}

TEST_CASE("trace: OTLP has a resource per process and links to every cause") {
  auto tree = as_otlp({event(1, {}, "m1", "", 1), event(2, {1}, "m2", "", 2)});
  CHECK(tree["resourceSpans"].size() == 2);
  CHECK(tree["resourceSpans"][1]["scopeSpans"][0]["spans"][0]["links"].size() == 1);
}

} // namespace
} // namespace troupe::program
