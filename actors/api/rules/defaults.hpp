// Defaults that depend on other fields of the object.
#pragma once

#include "config/schema/schema.hpp"

#include <nlohmann/json_fwd.hpp>

namespace troupe::rules {

using kind_default = void (*)(nlohmann::json& tree);

void default_namespace(nlohmann::json& tree);
void default_node(nlohmann::json& tree);
void default_pod(nlohmann::json& tree);
void default_pod_template(nlohmann::json& tree);
void default_replication_controller(nlohmann::json& tree);
void default_secret(nlohmann::json& tree);
void default_service(nlohmann::json& tree);
void default_templated(nlohmann::json& tree); // any kind with spec.template
void default_deployment(nlohmann::json& tree);
void default_daemon_set(nlohmann::json& tree);
void default_stateful_set(nlohmann::json& tree);
void default_job(nlohmann::json& tree);
void default_cron_job(nlohmann::json& tree);
void default_autoscaler(nlohmann::json& tree);
void default_network_policy(nlohmann::json& tree);
void default_role_binding(nlohmann::json& tree);

/// The spec of a pod or of a template.
void default_pod_spec(nlohmann::json& spec);
/// Guaranteed, Burstable or BestEffort.
const char* qos_class(const nlohmann::json& spec);

/// Writes every quantity in its canonical form: "1000m" becomes "1".
void canonical_quantities(const schema::type& of, nlohmann::json& tree);

} // namespace troupe::rules
