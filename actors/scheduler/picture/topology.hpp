// The domains that a topology key divides the nodes into, and counts per domain.
#pragma once

#include "actors/scheduler/picture/intern.hpp"

#include <algorithm>
#include <vector>

namespace troupe::scheduler {

using domain_id = std::int32_t; // of one topology key
inline constexpr domain_id no_domain = -1;

/// All values of one label key among the nodes.
struct topology {
  name_id key = 0;
  std::unordered_map<name_id, domain_id> by_value;
  std::vector<domain_id> of_node;            // no_domain: the node lacks the label
  std::vector<std::vector<node_id>> members; // per domain
};

/// Counts per domain; most domains have none.
class tally {
public:
  std::int32_t at(domain_id d) const {
    return d >= 0 && static_cast<std::size_t>(d) < counts_.size()
             ? counts_[static_cast<std::size_t>(d)]
             : 0;
  }
  /// Answers the count afterwards.
  std::int32_t add(domain_id d, std::int32_t n) {
    if (d < 0)
      return 0;
    if (static_cast<std::size_t>(d) >= counts_.size())
      counts_.resize(static_cast<std::size_t>(d) + 1 + counts_.size() / 2);
    total_ += n;
    return counts_[static_cast<std::size_t>(d)] += n;
  }
  std::int64_t total() const { return total_; }
  /// Something was counted since it was cleared.
  bool used() const { return !counts_.empty(); }
  void clear() {
    counts_.clear();
    total_ = 0;
  }

private:
  std::vector<std::int32_t> counts_; // dense: a filter asks for thousands of nodes in a row
  std::int64_t total_ = 0;
};

} // namespace troupe::scheduler
