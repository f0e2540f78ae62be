// Which version of a built-in kind its objects are stored in.
#pragma once

#include "config/schema/schema.hpp"

namespace troupe::schema {

/// The version in which objects of a built-in kind are stored (its best one; Events in core/v1).
/// Null for a resource that is not of built_in().
const resource* built_in_stored(const resource& of);

} // namespace troupe::schema
