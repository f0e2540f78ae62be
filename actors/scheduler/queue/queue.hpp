// Pods that wait for a node: by priority and age, with a pause after each failure.
#pragma once

#include "actors/scheduler/picture/intern.hpp"
#include "config/base/clock.hpp"

#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

namespace troupe::scheduler {

/// What happened in the cluster that may make a place for somebody.
enum happening : std::uint8_t {
  some_node_added = 1,
  some_node_resources = 2,
  some_node_labels = 4,
  some_node_taints = 8,
  some_pod_gone = 16,
  some_pod_placed = 32,
  anything = 255,
};

class queue {
public:
  struct limits {
    duration first_pause = 1s;
    duration longest_pause = 10s;
    duration patience = 5min; // after it an unschedulable pod is tried again, whatever happened
  };
  queue() = default;
  explicit queue(limits l) : limits_(l) {}

  /// A pod that is new, or changed in a way that may make it schedulable: tried at once unless it
  /// is in its pause. A gated one waits until it is added again without its gates.
  void add(pod_id p, std::int64_t priority, instant created, bool gated, instant now);
  void remove(pod_id p);
  bool has(pod_id p) const { return entries_.contains(p); }
  /// Whether it is here, and `add` with these would only repeat what is known.
  bool same(pod_id p, std::int64_t priority, bool gated) const;

  /// The most urgent pod, taken out; `pending` keeps how often it was tried.
  std::optional<pod_id> pop(instant now);
  /// After a pop: no node fits, and only `helps` (of happening) can change that.
  void refused(pod_id p, std::uint8_t helps, instant now);
  /// After a pop: something went wrong (a bind was refused): again after its pause.
  void failed(pod_id p, instant now);
  /// After a pop: it has a node.
  void placed(pod_id p) { remove(p); }

  void happened(std::uint8_t what, instant now);

  /// When a pod that waits may be popped; nullopt: none will without something happening.
  std::optional<instant> next() const;
  std::size_t active() const { return active_.size(); }
  std::size_t pausing() const { return pausing_.size(); }
  std::size_t refused() const { return waiting_.size(); }
  std::size_t gated() const { return gated_; }

private:
  enum class place : std::uint8_t { active, pausing, waiting, gated, taken };
  struct entry {
    std::int64_t priority = 0;
    instant created{};
    place where = place::active;
    std::uint32_t attempts = 0;
    instant ready{};   // end of its pause
    instant expires{}; // of waiting
    std::uint8_t helps = 0;
  };
  using urgency = std::tuple<std::int64_t, instant, pod_id>; // priority negated
  using timed = std::pair<instant, pod_id>;

  void take_out(pod_id p, entry& e);
  void put(pod_id p, entry& e, place where);
  void try_again(pod_id p, entry& e, instant now);
  void wake(instant now);
  instant pause_end(const entry& e, instant now) const;

  limits limits_;
  std::map<pod_id, entry> entries_;
  std::set<urgency> active_;
  std::set<timed> pausing_;
  std::set<timed> waiting_;
  std::size_t gated_ = 0;
};

} // namespace troupe::scheduler
