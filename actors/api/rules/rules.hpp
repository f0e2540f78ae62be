// What a kind demands beyond its schema: conditional defaults, validation, what may not change.
#pragma once

#include "actors/api/rules/errors.hpp"
#include "config/schema/schema.hpp"

#include <nlohmann/json_fwd.hpp>

namespace troupe::rules {

/// Defaults that depend on other fields (the schema's own are filled in before).
void set_defaults(const schema::resource& of, nlohmann::json& tree);

/// What is wrong with a new object; `tree` has its defaults.
field_errors validate(const schema::resource& of, const nlohmann::json& tree);

/// What is wrong with a changed one: validate() plus what may not change. `subresource` is "" or
/// "status".
field_errors validate_update(const schema::resource& of, const nlohmann::json& tree,
                             const nlohmann::json& old, std::string_view subresource);

/// The failure as Kubernetes words it: `Deployment.apps "web" is invalid: ...`, a cause per error.
failure invalid(const schema::resource& of, std::string_view name, const field_errors& errors);

} // namespace troupe::rules
