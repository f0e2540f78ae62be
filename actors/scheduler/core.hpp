// The scheduler's core: informers' news in, decisions out. No clock, no requests.
//
//   core c{{.seed = 42}};
//   c.put_node(node); c.put_pod(pod, now);
//   for (auto& d : c.decide(256, now)) ...   // bind d.node, or tell d.message
//   c.bind_failed(uid, now);                 // the pod is tried again
#pragma once

#include "actors/scheduler/framework/candidates.hpp"
#include "actors/scheduler/framework/explain.hpp"
#include "actors/scheduler/queue/queue.hpp"

#include <list>

namespace troupe::scheduler {

/// A pod as requests name it.
struct pod_ref {
  std::string ns;
  std::string name;
  std::string uid;
  bool operator==(const pod_ref&) const = default;
};

struct decision {
  pod_ref pod;
  std::string node;             // where to bind it; empty: nowhere
  std::string message;          // nowhere: why, as the event FailedScheduling tells it
  std::string nominated;        // nowhere: the node that `victims` are evicted from
  std::vector<pod_ref> victims; // to be deleted
  bool operator==(const decision&) const = default;
};

class core {
public:
  struct settings {
    std::uint64_t seed = 1;
    std::string name = "default-scheduler"; // the spec.schedulerName it serves
    std::size_t kept = 256;                 // shapes whose candidates are kept
    queue::limits waiting{};
  };
  explicit core(settings s)
      : settings_(std::move(s)), queue_(settings_.waiting), random_(settings_.seed) {}

  void put_node(const views::node_supply& n, instant now);
  void drop_node(std::string_view name);
  void put_namespace(const std::string& name, const api::string_map& labels, instant now);
  /// Also of pods that have a node, ended or are being deleted.
  void put_pod(const views::pod_demand& d, instant now);
  void drop_pod(std::string_view uid, instant now);

  /// Decides for at most `most` pods. A pod with a node counts as placed from now on (assumed).
  std::vector<decision> decide(std::size_t most, instant now);
  /// An assumed pod could not be bound.
  void bind_failed(std::string_view uid, instant now);

  /// Whoever was to bind is gone: what is assumed and not bound is to be decided again.
  void forget_assumed(instant now);

  /// When `decide` has something to do; nullopt: not before something happens.
  std::optional<instant> next() const { return queue_.next(); }
  /// Why the pod fits nowhere right now, node by node; empty: it is unknown or fits.
  std::vector<std::pair<std::string, std::vector<std::string>>> why(std::string_view uid) const;

  const picture& seen() const { return picture_; }
  const queue& waiting() const { return queue_; }
  /// Most of what the picture has interned is no longer used: feed a new core.
  bool worn_out() const {
    return picture_.unused_shapes() > 10'000 && 2 * picture_.unused_shapes() > picture_.shapes();
  }

private:
  struct kept_candidates {
    candidates nodes;
    std::list<shape_id>::iterator used;
    std::uint64_t refused_at = ~std::uint64_t{0}; // the picture's changes() at `reason`
    explanation reason;
  };

  kept_candidates& candidates_of(shape_id s);
  node_id pick(pod_id p);
  node_id pick_named(const shape& s);
  decision refuse(pod_id p, instant now);
  pod_ref ref(pod_id p) const;
  void forget(pod_id p, instant now);

  settings settings_;
  picture picture_;
  queue queue_;
  random_source random_;
  node_id start_ = 0; // where the next sample begins
  std::map<shape_id, kept_candidates> kept_;
  std::list<shape_id> recently_; // used, the latest first
  std::map<pod_id, node_id> assumed_;
  std::map<pod_id, node_id> nominated_; // room that was made for a pod is counted as its
};

} // namespace troupe::scheduler
