// Who may, asked from inside of the pipeline: what a request implies beside itself.
#pragma once

#include "actors/api/auth/authorize.hpp"
#include "actors/api/pipeline/environment.hpp"

#include <memory>

namespace troupe::pipeline {

/// The roles to judge by: the environment's, or those of the view where it has none.
inline std::shared_ptr<const authz::policy> policy_of(const environment& env,
                                                      const store::view& view) {
  return env.policy ? env.policy : authz::policy::of(view);
}

} // namespace troupe::pipeline
