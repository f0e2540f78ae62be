// Pods that nobody would ever clear away: of nodes that are gone, and too many that have ended.
#pragma once

#include "actors/controllers/action.hpp"
#include "config/api/views/pod.hpp"

#include <set>

namespace troupe::pod_gc {

struct observed {
  instant now{};
  std::vector<views::pod> pods;       // of the whole cluster
  std::set<std::string> gone_nodes{}; // named by pods and missing for longer than `quarantine`
  std::int64_t threshold = 12500;     // ended pods that may stay; 0 or less: all
};

/// How long a node must be missing before its pods are: it may just be registering again.
inline constexpr duration quarantine = 40s;
inline constexpr duration period = 20s; // between two rounds

[[nodiscard]] control::actions plan(const observed& o);

/// Which nodes that pods name are missing, and since when.
class absence {
public:
  /// Answers those that were missing for `quarantine`.
  std::set<std::string> look(const std::set<std::string>& named, const std::set<std::string>& there,
                             instant now);

private:
  std::map<std::string, instant> since_;
};

} // namespace troupe::pod_gc
