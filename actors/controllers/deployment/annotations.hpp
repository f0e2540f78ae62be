// What Deployments and their ReplicaSets remember in annotations, in Kubernetes' words.
#pragma once

#include "config/api/object.hpp"

#include <charconv>

namespace troupe::deployment {

inline constexpr std::string_view revision_annotation = "deployment.kubernetes.io/revision";
inline constexpr std::string_view history_annotation = "deployment.kubernetes.io/revision-history";
inline constexpr std::string_view desired_annotation = "deployment.kubernetes.io/desired-replicas";
inline constexpr std::string_view max_replicas_annotation = "deployment.kubernetes.io/max-replicas";

inline std::optional<std::int64_t> number_annotation(const api::metadata& meta,
                                                     std::string_view name) {
  auto at = meta.annotations.find(name);
  std::int64_t n = 0;
  if (at == meta.annotations.end()
      || std::from_chars(at->second.data(), at->second.data() + at->second.size(), n).ec
           != std::errc{})
    return std::nullopt;
  return n;
}

/// 0: none yet.
inline std::int64_t revision_of(const api::metadata& meta) {
  return number_annotation(meta, revision_annotation).value_or(0);
}

/// Not handed on from a Deployment to its ReplicaSets.
inline bool kept_to_itself(std::string_view annotation) {
  return annotation == "kubectl.kubernetes.io/last-applied-configuration"
         || annotation == "deprecated.deployment.rollback.to" || annotation == revision_annotation
         || annotation == history_annotation || annotation == desired_annotation
         || annotation == max_replicas_annotation;
}

} // namespace troupe::deployment
