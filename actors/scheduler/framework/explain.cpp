#include "actors/scheduler/framework/explain.hpp"

#include "actors/scheduler/queue/queue.hpp"

namespace troupe::scheduler {
namespace {

std::uint8_t what_helps(why w) {
  switch (w) {
  case why::fits: return 0;
  case why::unschedulable:
  case why::untolerated_taint: return some_node_added | some_node_taints;
  case why::node_affinity:
  case why::spread_label: return some_node_added | some_node_labels;
  case why::affinity: return some_node_added | some_node_labels | some_pod_placed;
  case why::spread: return some_node_added | some_node_labels | some_pod_placed | some_pod_gone;
  case why::anti_affinity:
  case why::existing_anti_affinity:
  case why::ports: return some_node_added | some_node_labels | some_pod_gone;
  default: return some_node_added | some_node_resources | some_pod_gone;
  }
}

std::string join(const std::map<std::string, std::size_t>& counts) {
  std::vector<std::string> parts;
  for (const auto& [reason, n] : counts)
    parts.push_back(std::to_string(n) + " " + reason);
  std::sort(parts.begin(), parts.end());
  std::string out;
  for (const auto& part : parts)
    out += (out.empty() ? "" : ", ") + part;
  return out;
}

} // namespace

std::string text_of(const picture& p, node_id n, const verdict& v) {
  switch (v.what) {
  case why::fits: return "fits";
  case why::unschedulable: return "node(s) were unschedulable";
  case why::untolerated_taint: {
    const auto& t = p.rest(n).taints[v.detail];
    return "node(s) had untolerated taint {" + p.text(t.key) + ": " + p.text(t.value) + "}";
  }
  case why::node_affinity: return "node(s) didn't match Pod's node affinity/selector";
  case why::ports: return "node(s) didn't have free ports for the requested pod ports";
  case why::too_many_pods: return "Too many pods";
  case why::cpu: return "Insufficient cpu";
  case why::memory: return "Insufficient memory";
  case why::storage: return "Insufficient ephemeral-storage";
  case why::extended: return "Insufficient " + p.text(v.detail);
  case why::spread_label:
    return "node(s) didn't match pod topology spread constraints (missing required label)";
  case why::spread: return "node(s) didn't match pod topology spread constraints";
  case why::affinity: return "node(s) didn't match pod affinity rules";
  case why::anti_affinity: return "node(s) didn't match pod anti-affinity rules";
  case why::existing_anti_affinity:
    return "node(s) didn't satisfy existing pods anti-affinity rules";
  }
  return {};
}

std::vector<node_reasons> reasons_by_node(const context& c) {
  std::vector<node_reasons> out;
  for (node_id n = 0; n < c.picture.slots(); ++n)
    if (c.picture.columns().live[n] != 0)
      out.push_back({n, reasons(c, n)});
  return out;
}

explanation explain(const context& c) {
  explanation out;
  out.helps = some_node_added;
  for (const auto& row : reasons_by_node(c)) {
    ++out.nodes;
    bool hopeless = false;
    for (const auto& v : row.why) {
      ++out.counts[text_of(c.picture, row.node, v)];
      out.helps |= what_helps(v.what);
      hopeless = hopeless || !evicting_may_help(v.what);
    }
    out.hopeless += hopeless ? 1 : 0;
  }
  return out;
}

std::string explanation::sentence() const {
  if (nodes == 0)
    return "no nodes available to schedule pods";
  return "0/" + std::to_string(nodes) + " nodes are available: " + join(counts) + ".";
}

std::string no_preemption(const explanation& e, bool allowed) {
  if (!allowed)
    return "not eligible due to preemptionPolicy=Never.";
  std::map<std::string, std::size_t> counts;
  if (e.hopeless > 0)
    counts["Preemption is not helpful for scheduling"] = e.hopeless;
  if (e.nodes > e.hopeless)
    counts["No preemption victims found for incoming pod"] = e.nodes - e.hopeless;
  return "0/" + std::to_string(e.nodes) + " nodes are available: " + join(counts) + ".";
}

} // namespace troupe::scheduler
