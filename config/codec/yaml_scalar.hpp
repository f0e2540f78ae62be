// What a plain YAML scalar means.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string_view>

namespace troupe::codec {

/// The value of a plain (unquoted) scalar; text if it is nothing else.
nlohmann::json resolve_plain(std::string_view text);

} // namespace troupe::codec
