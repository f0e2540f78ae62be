// Reads single values out of a valid JSON body without building a tree.
// The body must be valid (canonical bodies are): nothing is checked here.
#pragma once

#include "config/api/object.hpp"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::api {

using path = std::initializer_list<std::string_view>;

/// The bytes of the value at `where` (object members only); nothing when it is not there.
std::optional<std::string_view> peek_raw(std::string_view body, path where);
/// A string without its quotes and escapes; numbers and booleans as written; "" when absent or
/// null.
std::string peek_text(std::string_view body, path where);
/// An object of strings; empty when absent.
string_map peek_strings(std::string_view body, path where);
/// The first byte behind the value that starts at `at`.
std::size_t skip_value(std::string_view body, std::size_t at);

} // namespace troupe::api
