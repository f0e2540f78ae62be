// What a node may do: what its own pods need, and nothing of another's.
#pragma once

#include "config/api/request.hpp"
#include "store/base/view.hpp"

#include <string_view>

namespace troupe::authz {

/// Whether the request is one that node `name` may make.
bool node_may(const api::request& r, std::string_view name, const store::view& view);

} // namespace troupe::authz
