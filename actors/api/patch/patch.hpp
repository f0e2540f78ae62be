// The three ways of changing an object by a document: JSON patch, JSON merge patch, strategic merge
// patch.
#pragma once

#include "config/base/result.hpp"
#include "config/schema/schema.hpp"

#include <nlohmann/json_fwd.hpp>

namespace troupe::patch {

/// RFC 6902. Fails with bad_request (not a patch) or invalid (an operation cannot be done, a test
/// does not hold). At most 10,000 operations.
result<nlohmann::json> apply_json(nlohmann::json target, const nlohmann::json& patch);

/// RFC 7386.
nlohmann::json apply_merge(nlohmann::json target, const nlohmann::json& patch);

/// Kubernetes' strategic merge patch: lists are merged by the keys that the schema names; the
/// directives $patch, $retainKeys, $setElementOrder/ and $deleteFromPrimitiveList/ are obeyed.
/// Fails with bad_request.
result<nlohmann::json> apply_strategic(nlohmann::json target, const nlohmann::json& patch,
                                       const schema::type& of);

} // namespace troupe::patch
