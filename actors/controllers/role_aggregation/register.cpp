#include "actors/controllers/registrations.hpp"
#include "actors/controllers/role_aggregation/plan.hpp"

namespace troupe::control {

registration role_aggregation_controller() {
  const resource cluster_roles{"rbac.authorization.k8s.io", "v1", "clusterroles"};
  registration out;
  out.name = "role-aggregation";
  out.component = "clusterrole-aggregation-controller";
  out.reads = {cluster_roles};
  out.concerns = [cluster_roles](const cache& c, const resource&, const api::object_ptr& now,
                                 const api::object_ptr&, keys& due) {
    if (now && role_aggregation::is_aggregate(*now))
      due.insert(now->meta.name);
    for (const auto& role : c.all(cluster_roles)) // a part of whichever
      if (role_aggregation::is_aggregate(*role))
        due.insert(role->meta.name);
  };
  out.plan = [cluster_roles](const cache& c, const std::string& name, const moment&) {
    return role_aggregation::plan(
      {.role = c.get(cluster_roles, "", name), .all = c.all(cluster_roles)});
  };
  return out;
}

} // namespace troupe::control
