// In which order a merged list stands: the patch's own order, with the server's other entries kept
// in place.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string_view>

namespace troupe::patch {

/// Entries of a list are the same when their merge keys are; primitives (empty `key`) when they are
/// equal.
bool same_entry(const nlohmann::json& a, const nlohmann::json& b, std::string_view key);

/// The entries that `wanted` names in its order; the others in the order of `live`, each before the
/// first named one that it stood before in `live`.
nlohmann::json in_order(nlohmann::json merged, const nlohmann::json& wanted,
                        const nlohmann::json& live, std::string_view key);

/// Whether the entries of `list` that stay (no `$patch: delete`) are all in `order`, in its order.
bool follows_order(const nlohmann::json& list, const nlohmann::json& order, std::string_view key);

} // namespace troupe::patch
