// Draws what goes wrong, and ends it.
#pragma once

#include "tests/simulation/cluster.hpp"

namespace troupe::sim {

/// The kinds; a run over many seeds must have met each.
const std::vector<std::string>& fault_kinds();

class faults {
public:
  explicit faults(cluster& c);
  faults(const faults&) = delete;
  faults& operator=(const faults&) = delete;
  /// No more faults; everything heals, everybody is started.
  void heal();

private:
  void later();
  void strike();
  void partition(std::size_t victim, bool both_ways);
  void blackout();
  void slow_wire();
  void full_disk(std::size_t victim);
  std::size_t victim();
  duration span(std::uint64_t least_ms, std::uint64_t most_ms);
  bool lacks_leader_change() const;

  cluster& c_;
  instant began_;
  bool over_ = false;
};

} // namespace troupe::sim
