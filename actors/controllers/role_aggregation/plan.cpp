#include "actors/controllers/role_aggregation/plan.hpp"

#include "config/api/peek.hpp"
#include "config/api/selector.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::role_aggregation {
namespace {

using nlohmann::json;

const control::resource cluster_roles{"rbac.authorization.k8s.io", "v1", "clusterroles"};

json part_of(const api::object& role, std::string_view name) {
  auto raw = api::peek_raw(*role.body, {name});
  return raw ? json::parse(*raw, nullptr, false) : json();
}

bool selected(const api::object& role, const std::vector<api::label_selector>& by) {
  return std::any_of(by.begin(), by.end(),
                     [&](const api::label_selector& s) { return s.matches(role.meta.labels); });
}

} // namespace

bool is_aggregate(const api::object& role) {
  return api::peek_raw(*role.body, {"aggregationRule"}).has_value();
}

control::actions plan(const observed& o) {
  if (!o.role || o.role->meta.deleted || !is_aggregate(*o.role))
    return {};
  std::vector<api::label_selector> selectors;
  for (const auto& s :
       part_of(*o.role, "aggregationRule").value("clusterRoleSelectors", json::array()))
    if (auto read = api::label_selector_of(s))
      selectors.push_back(std::move(*read));
  auto parts = o.all;
  std::erase_if(parts, [&](const api::object_ptr& r) {
    return r->meta.name == o.role->meta.name || !selected(*r, selectors);
  });
  std::sort(parts.begin(), parts.end(),
            [](const auto& a, const auto& b) { return a->meta.name < b->meta.name; });
  auto rules = json::array();
  for (const auto& r : parts)
    for (auto& rule : part_of(*r, "rules"))
      if (std::find(rules.begin(), rules.end(), rule) == rules.end())
        rules.push_back(std::move(rule));
  auto now = part_of(*o.role, "rules");
  if (rules == (now.is_array() ? now : json::array()))
    return {};
  return {control::patch{.at = control::exactly(cluster_roles, o.role->meta),
                         .body = json{{"rules", std::move(rules)}}.dump()}};
}

} // namespace troupe::role_aggregation
