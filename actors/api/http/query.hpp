// The query of an API request as its options. Only for the .cpp files of this folder.
#pragma once

#include "actors/api/http/mapping.hpp"

namespace troupe::http {

/// Fails with bad_request on what is no number, with invalid on values and combinations that
/// Kubernetes' list options forbid.
result<api::options> parse_options(const target& from, api::verb verb);

/// As Go reads it: 1, t, true, TRUE; false for everything else that is given; `otherwise` if
/// nothing is.
bool flag(const target& from, std::string_view name, bool otherwise = false);

} // namespace troupe::http
