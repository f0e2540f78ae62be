// What a node may do: what its own pods need, and nothing of another's (Kubernetes' Node
// authorizer). What it may write into an object is NodeRestriction's to say
// (actors/api/pipeline/admission_node).
#pragma once

#include "actors/api/auth/policy.hpp"

#include <string>
#include <string_view>

namespace troupe::authz {

/// The node that speaks: NAME of a user system:node:NAME in the group system:nodes; else empty.
std::string node_of(const api::user& u);

decision node_decides(const attributes& a, std::string_view node, const store::view& view);

/// Whether a pod is bound to the node; a mirror pod is nobody's word for anything.
bool is_bound(const store::record_ptr& pod, std::string_view node);

} // namespace troupe::authz
