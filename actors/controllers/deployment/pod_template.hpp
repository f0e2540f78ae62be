// Pod templates as JSON text: when two are the same, and their hash.
#pragma once

#include <string>
#include <string_view>

namespace troupe::deployment {

inline constexpr std::string_view hash_label = "pod-template-hash";

/// Sorted, without nulls and without the hash label: equal text means the same template.
std::string canonical(std::string_view pod_template);
/// What the ReplicaSet of this template is called; `collisions` makes another name for it.
std::string hash_of(std::string_view canonical_template, std::int64_t collisions);
/// With the hash label.
std::string labelled(std::string_view pod_template, const std::string& hash);

} // namespace troupe::deployment
