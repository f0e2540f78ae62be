// How plans write the parts of bodies that many kinds share.
#pragma once

#include "config/api/object.hpp"
#include "config/api/views/condition.hpp"

#include <nlohmann/json_fwd.hpp>

namespace troupe::control {

nlohmann::json owners_json(const std::vector<api::owner>& owners);
/// {"metadata":{"ownerReferences":[...]}}
std::string owners_patch(const std::vector<api::owner>& owners);
/// {"metadata":{"finalizers":[...]}}
std::string finalizers_patch(const std::vector<std::string>& finalizers);

/// `updated_as`: the field that `updated` is written to; empty: none.
nlohmann::json conditions_json(const std::vector<views::condition>& all,
                               std::string_view updated_as);

/// Null for zero: status counts that are zero are absent.
nlohmann::json count_json(std::int64_t n);

/// Times in objects have whole seconds.
inline instant to_seconds(instant t) { return std::chrono::floor<std::chrono::seconds>(t); }

} // namespace troupe::control
