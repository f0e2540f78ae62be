// What the scheduler reads of pods and nodes.
#pragma once

#include "config/api/selector.hpp"
#include "config/api/views/taint.hpp"

namespace troupe::views {

/// Amounts by resource name: cpu in thousandths of a core, everything else in whole units.
using amounts = std::map<std::string, std::int64_t, std::less<>>;

struct node_term { // all of it must hold
  std::vector<api::label_requirement> labels;
  std::vector<api::label_requirement> fields; // only metadata.name
  bool operator==(const node_term&) const = default;
};

struct weighted_node_term {
  std::int64_t weight = 1;
  node_term term;
  bool operator==(const weighted_node_term&) const = default;
};

struct pod_term {
  api::label_selector selector;
  std::string topology;                   // topologyKey
  std::vector<std::string> namespaces;    // empty, and no namespace selector: the pod's own
  api::label_selector namespace_selector; // `nothing` when absent; empty: every namespace
  std::int64_t weight = 0;                // of preferred terms
  bool operator==(const pod_term&) const = default;
};

struct spread_rule { // topologySpreadConstraints
  std::int64_t max_skew = 1;
  std::string topology;
  bool required = true; // DoNotSchedule, or ScheduleAnyway
  api::label_selector selector;
  std::int64_t min_domains = 1;
  bool operator==(const spread_rule&) const = default;
};

struct host_port {
  std::string ip; // empty: every address
  std::string protocol = "TCP";
  std::int64_t port = 0;
  bool operator==(const host_port&) const = default;
};

struct pod_demand {
  api::metadata meta;
  std::string node;      // spec.nodeName
  std::string scheduler; // spec.schedulerName
  std::string nominated; // status.nominatedNodeName
  bool ended = false;    // Succeeded or Failed: holds no resources
  std::int64_t priority = 0;
  bool preempts = true; // preemptionPolicy is not Never
  bool gated = false;   // spec.schedulingGates is not empty
  amounts requests;     // the larger of init containers and the sum of containers, plus overhead
  std::int64_t cpu_or_default =
    0; // what scoring counts: 100m and 200 MB for containers that ask nothing
  std::int64_t memory_or_default = 0;
  api::string_map node_selector;
  bool has_node_terms = false;       // required node affinity is given
  std::vector<node_term> node_terms; // one of them must hold
  std::vector<weighted_node_term> preferred_nodes;
  std::vector<pod_term> affinity;      // required
  std::vector<pod_term> anti_affinity; // required
  std::vector<pod_term> preferred_affinity;
  std::vector<pod_term> preferred_anti_affinity;
  std::vector<toleration> tolerations;
  std::vector<spread_rule> spread;
  std::vector<host_port> host_ports;
  std::vector<std::string> claims; // names of PersistentVolumeClaims
  std::vector<std::string> images;
  bool operator==(const pod_demand&) const = default;

  static result<pod_demand> from(const api::object& o);
};

struct node_supply {
  api::metadata meta;
  bool unschedulable = false;
  std::vector<taint> taints;
  amounts allocatable;
  std::vector<std::pair<std::string, std::int64_t>> images; // every name of an image, with its size
  bool operator==(const node_supply&) const = default;

  static result<node_supply> from(const api::object& o);
};

} // namespace troupe::views
