// What becomes of one object when its owners go: Kubernetes' garbage collection.
#pragma once

#include "actors/controllers/collector/graph.hpp"

namespace troupe::collector {

struct observed {
  control::resource of;
  api::metadata meta;
  std::vector<owner_state> owners; // as meta.owners
  bool blocked = false;            // dependents hold up its foreground deletion
  bool has_dependents = false;
  bool dependent_waits = false;
  std::vector<std::pair<control::resource, api::metadata>> dependents{}; // only while it orphans
};

/// The metadata of an object as an informer shows it now; nullopt: it is not there (any more).
using lookup = std::function<std::optional<api::metadata>(const identity&)>;

/// nullopt: the object is gone.
std::optional<observed> observe(const graph& g, const identity& who, const lookup& find);

[[nodiscard]] control::actions plan(const observed& o);

} // namespace troupe::collector
