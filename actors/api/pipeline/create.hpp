// Making an object: shared by create and by an apply of what is not there.
#pragma once

#include "actors/api/apply/managers.hpp"
#include "actors/api/pipeline/context.hpp"

#include <optional>

namespace troupe::pipeline {

/// Stores a new object; `tree` was decoded and agrees with the path. `owners` are those of an
/// apply, which knows; else the create is recorded as the request's own.
result<step> create_from(context& c, json tree, std::optional<apply::managers> owners);

} // namespace troupe::pipeline
