// What must hold of a cluster, read from the store's history alone: every version of every object
// is looked at in its order.
#pragma once

#include "config/api/views/endpoint_slice.hpp"
#include "config/api/views/node.hpp"
#include "config/api/views/pod.hpp"
#include "config/api/views/service.hpp"
#include "config/api/views/workload.hpp"
#include "tests/simulation/checks.hpp"

namespace troupe::sim {

/// The Deployment's controller has seen its spec and all pods are as it wants them.
bool as_wanted(const views::deployment& d);

class facts {
public:
  facts(const chronicle& past, const cluster& of, report& to) : past_(past), of_(of), to_(to) {}

  /// Takes in what the chronicle has that is new, and judges each change.
  void look();
  /// The history is over: all of it was looked at.
  void finish();

  /// Why the cluster is not at rest; empty: it is. At rest everything is as its spec wants it,
  /// nothing is an orphan, and nothing is on its way out.
  std::string unrest() const;
  /// Changes of anything but leases, heartbeats and events.
  std::uint64_t changes() const { return changes_; }
  const std::string& last_change() const { return last_change_; }
  /// Nodes have registered.
  bool at_all() const { return !nodes_.empty(); }

  const views::deployment* deployment(const std::string& name) const;
  const views::pod* pod(const std::string& name) const;
  bool has_service(const std::string& name) const;
  /// The names of the living pods, sorted.
  std::vector<std::string> living_pods() const;
  /// The uids of the pods bound to a node.
  std::vector<std::string> bound_to(const std::string& node) const;

private:
  struct known_deployment {
    views::deployment now;
    std::int64_t allowed = 0; // pods: the most that any spec since it last was at rest allows
  };
  template <class View>
  void keep(std::map<std::string, View>& in, const std::string& key, const api::object_ptr& o);
  void take(revision at, const std::string& key, const std::optional<std::string>& value);
  void take_pod(revision at, const std::string& key, const api::object_ptr& o);
  void take_deployment(const std::string& key, const api::object_ptr& o);
  void take_service(revision at, const std::string& key, const api::object_ptr& o);
  void take_node(revision at, const std::string& key, const api::object_ptr& o);
  void count_pods_of(revision at, const std::string& set_uid);
  std::string restless_deployment(const known_deployment& d) const;
  std::string restless_pod(const views::pod& p) const;
  std::string restless_service(const views::service& s) const;

  const chronicle& past_;
  const cluster& of_;
  report& to_;
  revision seen_{};
  std::uint64_t taken_ = 0;
  std::uint64_t changes_ = 0;
  std::string last_change_;
  std::map<std::string, views::pod> pods_; // by key
  std::map<std::string, views::replica_set> sets_;
  std::map<std::string, known_deployment> deployments_;
  std::map<std::string, views::service> services_;
  std::map<std::string, views::endpoint_slice> slices_;
  std::map<std::string, views::node> nodes_;
  std::map<std::string, std::string> bound_; // by uid, for ever
};

} // namespace troupe::sim
