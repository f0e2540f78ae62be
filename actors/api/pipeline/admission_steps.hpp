// The admission steps that have a file of their own.
#pragma once

#include "actors/api/pipeline/admission.hpp"

namespace troupe::pipeline {

/// Nobody gives away what they do not hold: roles and bindings (Kubernetes' escalation check, with
/// the verbs `escalate` and `bind` as its exceptions).
result<void> no_escalation(admission& a);

/// NodeRestriction: what a node may write into the objects that it may write at all.
result<void> node_restriction(admission& a);
/// The same of a TokenRequest: for its own pods only, named with their uid.
result<void> node_may_have_token(const api::request& r, const nlohmann::json& spec,
                                 const store::view& view);

} // namespace troupe::pipeline
