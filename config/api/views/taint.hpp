// Taints of nodes and the tolerations of pods.
#pragma once

#include "config/base/clock.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace troupe::views {

struct taint {
  std::string key;
  std::string value;
  std::string effect; // NoSchedule, PreferNoSchedule, NoExecute
  std::optional<instant> added;
  bool operator==(const taint&) const = default;

  /// Kubernetes' identity of a taint: key and effect.
  bool same(const taint& other) const { return key == other.key && effect == other.effect; }
};

struct toleration {
  std::string key; // empty with exists: every key
  std::string value;
  std::string effect; // empty: every effect
  bool exists = false;
  std::optional<std::int64_t> seconds; // of NoExecute: how long; unset: for ever
  bool operator==(const toleration&) const = default;

  bool tolerates(const taint& t) const;
};

} // namespace troupe::views
