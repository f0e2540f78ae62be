// JSON from outside: read once, whole, by one reader, before anything else looks at it.
//
// Two readers of one body can see different objects: simdjson's on-demand mode does not look at
// what it does not visit, and of two equal keys it finds the first while nlohmann keeps the last.
// So a body from outside becomes a tree here (every key once, the last value, as Kubernetes reads
// it), and everything else works on that tree or on its canonical encoding.
#pragma once

#include "config/base/result.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::codec {

/// Bodies over this are too_large.
inline constexpr std::size_t max_body_bytes = std::size_t{3} * 1024 * 1024;
/// Objects and arrays within each other.
inline constexpr std::size_t max_depth = 512;

/// The whole text as a tree. Fails with bad_request (malformed, not UTF-8, nested too deep) or
/// too_large. Paths of keys that stand twice in their object are appended to `duplicates`, as in
/// "spec.replicas"; the last value counts.
result<nlohmann::json> read_json(std::string_view text,
                                 std::vector<std::string>* duplicates = nullptr);

/// As read_json, without making a tree; a key that stands twice is a failure.
result<void> validate_json(std::string_view text);

} // namespace troupe::codec
