// Which nodes the masters have lost sight of. Fast, and without consequence beyond traffic: a
// suspect node's endpoints are not ready until it is seen again; taints and evictions follow the
// slow clocks of health.hpp. Each master votes by the state of its link to the node.
#pragma once

#include "config/base/clock.hpp"
#include "config/base/ids.hpp"

#include <map>
#include <set>
#include <string>

namespace troupe::lease {

class suspicion {
public:
  struct settings {
    duration after_leader_change = 2s; // links are being made anew then
    duration together = 3s;            // nodes lost within it vanished together
  };
  suspicion() = default;
  explicit suspicion(settings s) : settings_(s) {}

  /// How many masters vote and how many nodes there are.
  void sizes(std::size_t masters, std::size_t nodes);
  void leader_changed(instant now);
  /// `master`'s link to `node` went down, or is up (again).
  void lost(member_id master, const std::string& node, instant now);
  void found(member_id master, const std::string& node);
  /// The master itself is gone: its votes do not count.
  void drop_master(member_id master);
  void drop_node(const std::string& node) { nodes_.erase(node); }

  /// Nodes that a majority of the masters has lost, except those that vanished together with more
  /// than a third of all (then it is rather the masters that are cut off).
  std::set<std::string> suspects() const;
  /// Shortly after a leader change nothing new is suspected and nothing is cleared of suspicion.
  bool suspended(instant now) const { return now < leader_since_ + settings_.after_leader_change; }
  instant resumes() const { return leader_since_ + settings_.after_leader_change; }

private:
  struct entry {
    std::set<member_id> lost_by;
    instant since{}; // when the majority had lost it
    bool excused = false;
  };
  bool majority(const entry& e) const { return 2 * e.lost_by.size() > masters_; }
  void excuse(instant now);

  settings settings_;
  std::size_t masters_ = 1;
  std::size_t count_ = 0;
  instant leader_since_{};
  std::map<std::string, entry> nodes_;
};

} // namespace troupe::lease
