// The steps of an apply that the object itself and its Scale share.
#pragma once

#include "actors/api/apply/managers.hpp"
#include "actors/api/pipeline/context.hpp"

namespace troupe::pipeline {

/// The applied configuration, an object of `of`'s kind that agrees with the path; its nulls are
/// still there. Fails with invalid (no fieldManager) or bad_request.
result<json> read_config(context& c, const schema::resource& of);

struct applied {
  json tree; // may hold nulls, lacks defaults
  apply::managers owners;
};
/// `config`, in the request's version of the object, over the one that is there.
/// Fails with conflict, a cause for each field.
result<applied> apply_to(context& c, const found& old, const json& config);

} // namespace troupe::pipeline
