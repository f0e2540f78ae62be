// The roles and bindings that a cluster has from the start, as Kubernetes ships them: policy.txt.
#pragma once

#include "config/base/result.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string_view>
#include <vector>

namespace troupe::bootstrap {

/// The table as it is written; its form is told at its top.
std::string_view policy_text();

/// The objects of such a table (rbac.authorization.k8s.io/v1), roles before bindings, with the
/// label and the annotation of bootstrap objects. Fails with bad_request, naming the line.
result<std::vector<nlohmann::json>> read_policy(std::string_view text);

/// What must be written so that `now` (null: not there) holds at least what `wanted` does: the
/// whole object of a new one, a merge patch, or null when nothing is missing or the object's owner
/// has turned that off (annotation autoupdate: "false"). Nothing is ever taken away.
nlohmann::json reconciled(const nlohmann::json& wanted, const nlohmann::json& now);

} // namespace troupe::bootstrap
