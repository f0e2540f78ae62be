// Who may do what: the chain of authorizers, as Kubernetes runs it. system:masters may everything,
// a node what its pods need, everybody what roles bound to them say.
#pragma once

#include "actors/api/auth/policy.hpp"

namespace troupe::authz {

/// The chain's answer. `view` tells which pods are bound to a node and what they refer to.
decision decide(const attributes& a, const store::view& view, const policy& roles);

/// Fails with forbidden in Kubernetes' words, or unauthorized for an anonymous request for more
/// than health and version.
result<void> authorize(const api::request& r, const store::view& view, const policy& roles);

bool is_anonymous(const api::user& u);

/// What `u` holds in a namespace, all authorizers together; `errors` say what is not in the list.
held_rules rules_of(const api::user& u, std::string_view ns, const policy& roles);

/// The identity under which a master's own parts act: its group is system:masters.
api::user internal_user(std::string_view part);

} // namespace troupe::authz
