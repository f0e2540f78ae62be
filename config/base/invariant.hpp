// Checks of the impossible: always on, also in release builds.
#pragma once

#include <stdexcept>
#include <string>

namespace troupe {

/// Thrown by a broken invariant. Ends the actor that met it; in the storage actors, the process.
class broken_invariant : public std::logic_error {
public:
  using std::logic_error::logic_error;
};

/// States what must hold. `why` names the rule, lower case, no full stop.
inline void invariant(bool holds, const char* why) {
  if (!holds) [[unlikely]]
    throw broken_invariant(why);
}

} // namespace troupe
