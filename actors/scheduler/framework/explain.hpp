// Why a pod fits nowhere: node by node, and folded into Kubernetes' sentence.
#pragma once

#include "actors/scheduler/framework/evaluate.hpp"

#include <map>

namespace troupe::scheduler {

struct node_reasons {
  node_id node = no_node;
  std::vector<verdict> why;
};

struct explanation {
  std::map<std::string, std::size_t> counts; // reason -> nodes
  std::size_t nodes = 0;
  std::size_t hopeless = 0; // nodes on which evicting others would not help
  std::uint8_t helps = 0;   // happenings that may make a place

  /// "0/5 nodes are available: 2 Insufficient cpu, 3 node(s) had untolerated taint {a: b}."
  std::string sentence() const;
};

/// "Insufficient cpu", "node(s) were unschedulable", ...
std::string text_of(const picture& p, node_id n, const verdict& v);

/// The full table, for `troupe why`.
std::vector<node_reasons> reasons_by_node(const context& c);
explanation explain(const context& c);

/// What follows "preemption: " when nobody can be evicted.
std::string no_preemption(const explanation& e, bool allowed);

} // namespace troupe::scheduler
