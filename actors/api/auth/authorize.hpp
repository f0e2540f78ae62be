// Who may do what, as pure rules: masters all, a node what a node needs, nobody else anything.
#pragma once

#include "config/api/request.hpp"
#include "config/base/result.hpp"
#include "store/base/view.hpp"

namespace troupe::authz {

/// Fails with forbidden in Kubernetes' words, or unauthorized for an anonymous request.
/// `view` tells which pods are bound to a node and what they refer to.
result<void> authorize(const api::request& r, const store::view& view);

/// The identity under which a master's own parts act: its group is system:masters.
api::user internal_user(std::string_view part);

} // namespace troupe::authz
