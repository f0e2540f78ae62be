// Empties a namespace that is being deleted, then lets it go.
#pragma once

#include "actors/controllers/name_space/observed.hpp"

namespace troupe::name_space {

/// Pods go first, and everything else only when they are gone (KEP-5080: what pods rely on, such as
/// network policies, must not vanish under them).
[[nodiscard]] control::actions plan(const observed& o);

} // namespace troupe::name_space
