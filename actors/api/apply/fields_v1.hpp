// FieldsV1: how Kubernetes writes a set of paths as JSON.
//
//   {"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{".":{},"f:image":{}}},"f:replicas":{}}}
#pragma once

#include "actors/api/apply/path_set.hpp"
#include "config/base/result.hpp"

#include <string>
#include <string_view>

namespace troupe::apply {

void append_fields_v1(std::string& out, const path_set& set);
std::string to_fields_v1(const path_set& set);

/// Fails with bad_request on what is no FieldsV1. `text` is valid JSON without spaces, as our own
/// encoder writes it.
result<path_set> read_fields_v1(std::string_view text);

/// Appends `text` as a JSON string.
void append_quoted(std::string& out, std::string_view text);

} // namespace troupe::apply
