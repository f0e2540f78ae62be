// Status lines, request lines and fields as bytes.
#pragma once

#include "actors/api/http/message.hpp"

#include <string>

namespace troupe::http::detail {

/// The status line and fields of an answer. Line ends within values become spaces.
std::string encode_head(int code, const fields& with);
/// The request line and fields of a request.
std::string encode_request_head(const request& what);

} // namespace troupe::http::detail
