// The status of a Deployment: counts, and the conditions that `kubectl rollout status` reads.
#pragma once

#include "actors/controllers/deployment/rollout.hpp"

namespace troupe::deployment {

/// What this round did that the Progressing condition tells.
struct news {
  std::string reason; // empty: nothing
  std::string message;
  bool failed = false;
};

struct status_draft {
  views::deployment::counts status;
  std::optional<duration> look_again; // when the progress deadline will have passed
};

/// `rolling`: the round was one of a rollout, not of a pause or a mere change of size.
status_draft status_of(const observed& o, const family& f, bool rolling, const news& what);

/// All pods are of the current template, available, and seen.
bool complete(const views::deployment& d, const views::deployment::counts& s);

std::string status_patch(const views::deployment::counts& s);

} // namespace troupe::deployment
