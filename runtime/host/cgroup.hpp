// Control group directories: version 1, version 2 and the hybrid of both.
#pragma once

#include "config/base/result.hpp"

#include <string>

namespace troupe::runtime {

enum class cgroup_layout : std::uint8_t { legacy, hybrid, unified };

struct machine {
  cgroup_layout cgroups = cgroup_layout::unified;
  bool may_lower_oom_score = true; // CAP_SYS_RESOURCE
  bool apparmor = false;
};

/// Looks at this process's own machine.
machine examine_machine();

/// Makes `path` ("/troupe/c/n") in every hierarchy.
result<void> make_cgroup(const std::string& path);
/// Removes it and what is below, in every hierarchy. Fails while processes are in it.
result<void> remove_cgroup(const std::string& path);
/// Removes the group and then those above it, as far as nobody else has something in them.
void remove_unused_cgroups(std::string path);

} // namespace troupe::runtime
