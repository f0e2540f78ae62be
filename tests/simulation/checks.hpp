// The facts that must hold, checked against one history: what the replicas applied.
#pragma once

#include "tests/simulation/clients.hpp"
#include "tests/simulation/watchers.hpp"

namespace troupe::sim {

/// The history as all replicas have applied it. Looked at now and then, so that what was applied
/// once and is gone or different later is found.
class chronicle {
public:
  explicit chronicle(cluster& c) : c_(c), checked_(c.members.size()), lives_(c.members.size()) {}
  void look();

  struct event {
    std::string key;
    std::optional<std::string> value; // none: erased
    bool operator==(const event&) const = default;
  };
  const std::map<revision, event>& events() const { return events_; }
  revision last() const { return events_.empty() ? revision{1} : events_.rbegin()->first; }

private:
  void look_at(std::size_t at);
  cluster& c_;
  std::map<revision, event> events_;
  std::vector<revision> checked_;
  std::vector<std::uint64_t> lives_;
};

void check_writes(const chronicle& h, const clients& who, report& to);
void check_watches(const chronicle& h, const watchers& who, report& to);
void check_scopes(const chronicle& h, report& to);
void check_linearizable(const clients& who, report& to);

} // namespace troupe::sim
