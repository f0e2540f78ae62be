// What each kind demands. Each checks a whole object; `old` is null for a new one.
#pragma once

#include "actors/api/rules/checks.hpp"

namespace troupe::rules {

using kind_check = void (*)(const json& tree, const json* old, field_errors& out);

void check_pod(const json& tree, const json* old, field_errors& out);
void check_pod_template(const json& tree, const json* old, field_errors& out);
void check_deployment(const json& tree, const json* old, field_errors& out);
void check_replica_set(const json& tree, const json* old, field_errors& out);
void check_stateful_set(const json& tree, const json* old, field_errors& out);
void check_daemon_set(const json& tree, const json* old, field_errors& out);
void check_replication_controller(const json& tree, const json* old, field_errors& out);
void check_job(const json& tree, const json* old, field_errors& out);
void check_cron_job(const json& tree, const json* old, field_errors& out);
void check_autoscaler(const json& tree, const json* old, field_errors& out);
void check_disruption_budget(const json& tree, const json* old, field_errors& out);

void check_service(const json& tree, const json* old, field_errors& out);
void check_endpoint_slice(const json& tree, const json* old, field_errors& out);
void check_ingress(const json& tree, const json* old, field_errors& out);
void check_network_policy(const json& tree, const json* old, field_errors& out);

void check_config_map(const json& tree, const json* old, field_errors& out);
void check_secret(const json& tree, const json* old, field_errors& out);
void check_node(const json& tree, const json* old, field_errors& out);
void check_namespace(const json& tree, const json* old, field_errors& out);
void check_event(const json& tree, const json* old, field_errors& out);
void check_lease(const json& tree, const json* old, field_errors& out);
void check_priority_class(const json& tree, const json* old, field_errors& out);
void check_quota(const json& tree, const json* old, field_errors& out);

void check_volume_claim(const json& tree, const json* old, field_errors& out);
void check_persistent_volume(const json& tree, const json* old, field_errors& out);
void check_storage_class(const json& tree, const json* old, field_errors& out);
void check_role(const json& tree, const json* old, field_errors& out);
void check_role_binding(const json& tree, const json* old, field_errors& out);
void check_signing_request(const json& tree, const json* old, field_errors& out);

} // namespace troupe::rules
