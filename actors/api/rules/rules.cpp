// Which rules belong to which kind.
#include "actors/api/rules/rules.hpp"

#include "actors/api/rules/defaults.hpp"
#include "actors/api/rules/kinds.hpp"
#include "actors/api/rules/names.hpp"

#include <algorithm>
#include <array>

namespace troupe::rules {
namespace {

struct kind_rules {
  std::string_view group;
  std::string_view plural;
  kind_check check = nullptr;
  kind_default fill = nullptr;
  form_check name = dns_subdomain;
};

constexpr std::string_view rbac = "rbac.authorization.k8s.io";

constexpr std::array<kind_rules, 37> table{{
  {"", "configmaps", check_config_map},
  {"", "endpoints"},
  {"", "events", check_event},
  {"", "namespaces", check_namespace, default_namespace, dns_label},
  {"", "nodes", check_node, default_node},
  {"", "persistentvolumeclaims", check_volume_claim},
  {"", "persistentvolumes", check_persistent_volume},
  {"", "pods", check_pod, default_pod},
  {"", "podtemplates", check_pod_template, default_pod_template},
  {"", "replicationcontrollers", check_replication_controller, default_replication_controller},
  {"", "resourcequotas", check_quota},
  {"", "limitranges"},
  {"", "secrets", check_secret, default_secret},
  {"", "services", check_service, default_service, dns_1035_label},
  {"apps", "controllerrevisions"},
  {"apps", "daemonsets", check_daemon_set, default_daemon_set},
  {"apps", "deployments", check_deployment, default_deployment},
  {"apps", "replicasets", check_replica_set, default_templated},
  {"apps", "statefulsets", check_stateful_set, default_stateful_set},
  {"autoscaling", "horizontalpodautoscalers", check_autoscaler, default_autoscaler},
  {"batch", "cronjobs", check_cron_job, default_cron_job},
  {"batch", "jobs", check_job, default_job},
  {"certificates.k8s.io", "certificatesigningrequests", check_signing_request},
  {"coordination.k8s.io", "leases", check_lease},
  {"discovery.k8s.io", "endpointslices", check_endpoint_slice},
  {"events.k8s.io", "events", check_event},
  {"networking.k8s.io", "ingresses", check_ingress},
  {"networking.k8s.io", "ingressclasses"},
  {"networking.k8s.io", "networkpolicies", check_network_policy, default_network_policy},
  {"policy", "poddisruptionbudgets", check_disruption_budget},
  {rbac, "clusterrolebindings", check_role_binding, default_role_binding, path_segment},
  {rbac, "clusterroles", check_role, nullptr, path_segment},
  {rbac, "rolebindings", check_role_binding, default_role_binding, path_segment},
  {rbac, "roles", check_role, nullptr, path_segment},
  {"scheduling.k8s.io", "priorityclasses", check_priority_class},
  {"storage.k8s.io", "storageclasses", check_storage_class},
  {"storage.k8s.io", "volumeattachments"},
}};

const kind_rules& rules_of(const schema::resource& of) {
  static constexpr kind_rules plain{};
  auto found = std::find_if(table.begin(), table.end(), [&](const kind_rules& k) {
    return k.plural == of.plural && k.group == of.group;
  });
  return found == table.end() ? plain : *found;
}

} // namespace

void set_defaults(const schema::resource& of, json& tree) {
  if (auto fill = rules_of(of).fill)
    fill(tree);
  if (of.of)
    canonical_quantities(*of.of, tree);
}

field_errors validate(const schema::resource& of, const json& tree) {
  field_errors out;
  const auto& rules = rules_of(of);
  check_metadata(tree, rules.name, out);
  if (rules.check)
    rules.check(tree, nullptr, out);
  return out;
}

field_errors validate_update(const schema::resource& of, const json& tree, const json& old,
                             std::string_view subresource) {
  field_errors out;
  const auto& rules = rules_of(of);
  check_metadata(tree, rules.name, out);
  check_metadata_update(tree, old, out);
  // what was stored once stays valid: a status, a binding or new ephemeral containers are no change
  // of the spec
  if (rules.check && subresource.empty())
    rules.check(tree, &old, out);
  return out;
}

} // namespace troupe::rules
