// What goes wrong with nodes, beside what goes wrong with masters.
#pragma once

#include "tests/simulation/faults.hpp"
#include "tests/simulation/whole/nodes.hpp"

namespace troupe::sim {

/// The kinds; a run over many seeds must have met each.
const std::vector<std::string>& node_fault_kinds();

class node_faults {
public:
  node_faults(cluster& c, nodes& n);
  node_faults(const node_faults&) = delete;
  node_faults& operator=(const node_faults&) = delete;
  /// No more faults; everything heals, everybody is started.
  void heal();

private:
  void strike();
  void cut_off(std::size_t at);
  duration span(std::uint64_t least_ms, std::uint64_t most_ms) {
    return clock_.span(least_ms, most_ms);
  }

  cluster& c_;
  nodes& n_;
  fault_clock clock_;
};

} // namespace troupe::sim
