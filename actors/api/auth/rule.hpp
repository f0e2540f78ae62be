// One rule of a role: what it matches, and whether several together hold all that another grants.
#pragma once

#include "actors/api/auth/attributes.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace troupe::authz {

/// A PolicyRule (rbac.authorization.k8s.io/v1).
struct rule {
  std::vector<std::string> verbs{};
  std::vector<std::string> groups{};
  std::vector<std::string> resources{};
  std::vector<std::string> names{}; // empty: every object
  std::vector<std::string> urls{};  // "*", a path, or a start of paths that ends with '*'
  bool operator==(const rule&) const = default;

  bool allows(const attributes& a) const;
};
using rules = std::vector<rule>;

/// The rules of a Role's tree; what is no rule is left out.
rules read_rules(const nlohmann::json& list);
nlohmann::json to_json(const rule& r);

/// What of `wanted` nothing in `held` grants, as rules of one resource, verbs together.
rules missing(const rules& held, const rules& wanted);
/// Rules of one group and one resource that differ in their verbs only, as one.
rules compacted(const rules& list);
/// `{APIGroups:["apps"], Resources:["deployments"], Verbs:["get" "list"]}`.
std::string described(const rule& r);

} // namespace troupe::authz
