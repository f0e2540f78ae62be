#include "actors/controllers/role_aggregation/plan.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace troupe {
namespace {

using nlohmann::json;

api::object_ptr role(const std::string& name, const json& labels, const json& verbs,
                     const json& selectors = nullptr) {
  json tree{{"apiVersion", "rbac.authorization.k8s.io/v1"},
            {"kind", "ClusterRole"},
            {"metadata", {{"name", name}, {"labels", labels}}},
            {"rules", json::array()}};
  for (const auto& v : verbs)
    tree["rules"].push_back({{"verbs", {v}}, {"apiGroups", {""}}, {"resources", {"pods"}}});
  if (!selectors.is_null())
    tree["aggregationRule"]["clusterRoleSelectors"] = selectors;
  return std::make_shared<const api::object>(
    api::parse_object(share(api::encode(tree)), revision{7}).value());
}

json verbs_of(const control::actions& plan) {
  REQUIRE(plan.size() == 1);
  auto out = json::array();
  const auto patch = json::parse(std::get<control::patch>(plan[0]).body);
  for (const auto& r : patch["rules"])
    out.push_back(r["verbs"][0]);
  return out;
}

TEST_CASE("role aggregation: the rules are those of all that any selector selects, by name") {
  auto selectors =
    json::array({{{"matchLabels", {{"to", "edit"}}}},
                 {{"matchExpressions", json::array({{{"key", "also"}, {"operator", "Exists"}}})}}});
  auto edit = role("edit", {{"to", "edit"}}, json::array(), selectors);
  auto b = role("b", {{"to", "edit"}}, {"list", "get"});
  auto a = role("a", {{"also", "x"}}, {"watch", "get"});
  auto other = role("other", {{"to", "view"}}, {"delete"});
  auto plan = role_aggregation::plan({.role = edit, .all = {edit, b, other, a}});
  CHECK(verbs_of(plan) == json::array({"watch", "get", "list"})); // each rule once, not its own
  CHECK(std::get<control::patch>(plan[0]).at.version == revision{7});
}

TEST_CASE("role aggregation: nothing is written where nothing changes, nor to plain roles") {
  auto selectors = json::array({{{"matchLabels", {{"to", "edit"}}}}});
  auto part = role("part", {{"to", "edit"}}, {"get"});
  auto same = role("edit", json::object(), {"get"}, selectors);
  CHECK(role_aggregation::plan({.role = same, .all = {same, part}}).empty());
  CHECK(verbs_of(role_aggregation::plan({.role = same, .all = {same}})) == json::array());
  CHECK(role_aggregation::plan({.role = part, .all = {part}}).empty());
  CHECK(role_aggregation::plan({.role = nullptr, .all = {part}}).empty());
}

} // namespace
} // namespace troupe
