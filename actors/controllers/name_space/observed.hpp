// What the Namespace controller looks at.
#pragma once

#include "actors/controllers/action.hpp"
#include "config/api/views/namespace.hpp"

namespace troupe::name_space {

/// What is left of one resource in the namespace.
struct content {
  control::resource of;
  std::int64_t objects = 0;
  std::int64_t untouched = 0;                       // not yet being deleted
  std::map<std::string, std::int64_t> finalizers{}; // how many objects each one holds
};

struct observed {
  instant now{};
  views::name_space ns;
  std::vector<content> contents{}; // of every namespaced resource that can be listed; no empty ones
  std::vector<std::string> failures{}; // of discovery, listing or deleting, this round
};

} // namespace troupe::name_space
