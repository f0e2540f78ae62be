// The slow clocks of node health: a node that renews neither lease nor status for the grace period
// is Unknown, is tainted, and its pods are no longer ready.
#pragma once

#include "actors/controllers/action.hpp"
#include "config/api/views/node.hpp"
#include "config/api/views/pod.hpp"

namespace troupe::lease {

struct health_settings {
  duration period = 5s;   // nodeMonitorPeriod: between two looks
  duration grace = 40s;   // nodeMonitorGracePeriod
  duration startup = 60s; // nodeStartupGracePeriod: for a node that never said anything
};

/// When each node was last heard of. Only that a value changed counts, and when it was seen to:
/// the clocks of nodes need not agree with ours. A new leader gives every node its full grace.
class heartbeats {
public:
  /// `renewed`: the lease's renewTime, or the Ready condition's lastHeartbeatTime.
  void lease(const std::string& node, std::optional<instant> renewed, instant now);
  void status(const std::string& node, std::optional<instant> heartbeat, instant now);
  void drop(const std::string& node) { nodes_.erase(node); }
  /// Of a node never heard of: `now` the first time it is asked for.
  instant last(const std::string& node, instant now);

private:
  struct entry {
    std::optional<instant> lease;
    std::optional<instant> status;
    instant at{};
  };
  std::map<std::string, entry> nodes_;
};

struct node_observed {
  instant now{};
  views::node node;
  instant last_heard{};
  std::vector<views::pod> pods{}; // bound to it
  bool may_evict = true;          // the zone is not in a state where evictions stop
  health_settings limits{};
};

/// Conditions, taints and the readiness of its pods.
[[nodiscard]] control::actions plan_node(const node_observed& o);

/// How a whole zone is: when most of it is lost, the trouble is more likely ours.
enum class zone_state : std::uint8_t { normal, partial, full };
/// Kubernetes: partial from 55 % and three nodes on, full when none is ready.
zone_state state_of_zone(std::size_t ready, std::size_t not_ready);

/// How many nodes may be tainted NoExecute, over time. (node-eviction-rate)
class eviction_rate {
public:
  /// Nodes per second: 0.1; in a partial outage 0.01 in clusters over 50 nodes, else 0; in a full
  /// outage of every zone none.
  void set(zone_state s, std::size_t nodes, bool every_zone_full);
  bool take(instant now);

private:
  double per_second_ = 0.1;
  double tokens_ = 1;
  std::optional<instant> at_;
};

} // namespace troupe::lease
