// The arithmetic of rolling from one template to the next: how large each ReplicaSet should be.
#pragma once

#include "actors/controllers/deployment/observed.hpp"

#include <algorithm>

namespace troupe::deployment {

/// One ReplicaSet with the size that it gets.
struct member {
  const views::replica_set* set = nullptr;
  std::int64_t size = 0; // spec.replicas from now on

  std::int64_t asked() const { return set->replicas; }
  /// Pods beyond what was asked for are about to go, whatever the status still says.
  std::int64_t available() const { return std::min(set->status.available, set->replicas); }
  /// The most pods it may have right now, terminating ones apart.
  std::int64_t held() const;
  /// It has not acted on its last order: `held` may be too low.
  bool unsettled() const { return set->status.observed_generation < set->meta.generation; }
  bool active() const { return size > 0; }
};

/// All ReplicaSets of a Deployment.
struct family {
  const views::deployment* deployment = nullptr;
  std::vector<member> old;     // oldest first
  std::optional<member> fresh; // of the current template

  std::vector<member*> all();
  std::int64_t asked() const;
  std::int64_t available() const;
  bool unsettled() const;
};

/// maxSurge rounds up, maxUnavailable down; both zero would stand still, so then one is
/// unavailable.
std::int64_t max_surge(const views::deployment& d);
std::int64_t max_unavailable(const views::deployment& d);

/// How large the ReplicaSet of the current template may be now (also one that is yet to be made).
std::int64_t fresh_size(const family& f);

/// One step of RollingUpdate: grows the fresh set or, when it cannot grow, shrinks the old ones.
void roll(family& f);
/// One step of Recreate up to where a fresh set may be made.
void shut_down_old(family& f);
/// After a change of `replicas` while several sets are active: each gets its share.
void rescale(family& f);

} // namespace troupe::deployment
