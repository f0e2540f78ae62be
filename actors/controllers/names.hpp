// Names that controllers choose.
#pragma once

#include "config/base/random.hpp"

#include <string>
#include <string_view>

namespace troupe::control {

/// `prefix` (cut to 58 characters) and five random ones, as the API makes of generateName.
std::string random_name(std::string_view prefix, random_source& random);
/// A 32-bit FNV-1a hash in letters that form no words (Kubernetes' SafeEncodeString).
std::string safe_hash(std::string_view text);

} // namespace troupe::control
