#include "actors/lease/eviction.hpp"

#include <doctest/doctest.h>

namespace troupe::lease {
namespace {

constexpr auto t0 = instant{} + std::chrono::hours{1};
const views::taint unreachable{"node.kubernetes.io/unreachable", "", "NoExecute", t0};
const views::taint unnamed{"mine", "", "NoExecute", std::nullopt};

views::toleration to(const views::taint& t, std::optional<std::int64_t> seconds) {
  return {.key = t.key, .effect = "NoExecute", .exists = true, .seconds = seconds};
}

TEST_CASE("eviction: when a pod leaves a tainted node") {
  struct row {
    const char* what;
    std::vector<views::taint> taints;
    std::vector<views::toleration> tolerations;
    std::optional<instant> leaves;
  };
  const auto now = t0 + 10s;
  const row rows[] = {
    {"no taint", {}, {}, std::nullopt},
    {"not tolerated", {unreachable}, {}, now},
    {"for ever", {unreachable}, {to(unreachable, {})}, std::nullopt},
    {"for the default of 300 seconds", {unreachable}, {to(unreachable, 300)}, t0 + 301s},
    {"for no time at all", {unreachable}, {to(unreachable, 0)}, now},
    {"a negative time is none", {unreachable}, {to(unreachable, -5)}, now},
    {"the shortest counts",
     {unreachable, unnamed},
     {to(unreachable, 300), to(unnamed, 60)},
     t0 + 5s + 60s},
    {"one of two not tolerated", {unreachable, unnamed}, {to(unreachable, 300)}, now},
  };
  for (const auto& r : rows) {
    CAPTURE(r.what);
    eviction_observed o{.now = now, .taints = r.taints, .pod = {}, .since = t0 + 5s};
    o.pod.tolerations = r.tolerations;
    CHECK(leaves_at(o) == r.leaves);
  }
}

TEST_CASE("eviction: never before the time, though timeAdded is rounded down to seconds") {
  eviction_observed o{.now = t0 + 2s, .taints = {unreachable}, .pod = {}, .since = {}};
  o.pod.tolerations = {to(unreachable, 4)};
  o.since = t0 + 900ms; // seen as it came
  CHECK(leaves_at(o) == t0 + 4900ms);
  o.since = t0 - 100ms; // by a clock that is late
  CHECK(leaves_at(o) == t0 + 4s);
  o.since = t0 + 60s; // by a leader that is new
  CHECK(leaves_at(o) == t0 + 5s);
}

TEST_CASE("eviction: waits until the time, then says why and deletes that very pod") {
  eviction_observed o{.now = t0 + 100s, .taints = {unreachable}, .pod = {}, .since = t0};
  o.pod.meta.ns = "default";
  o.pod.meta.name = "p";
  o.pod.meta.uid = "u";
  o.pod.tolerations = {to(unreachable, 300)};
  CHECK(plan_eviction(o) == control::actions{control::again{200s}});
  o.now = t0 + 300s;
  auto orders = plan_eviction(o);
  REQUIRE(orders.size() == 3);
  CHECK(std::get<control::patch>(orders[0]).body.find("DeletionByTaintManager")
        != std::string::npos);
  CHECK(std::get<control::remove>(orders[1]).at.uid == "u");
  CHECK(std::get<control::emit>(orders[2]).message == "Marking for deletion Pod default/p");
  o.pod.meta.deleted = o.now;
  CHECK(plan_eviction(o).empty());
}

} // namespace
} // namespace troupe::lease
