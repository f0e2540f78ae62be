// Draws what goes wrong, and ends it.
#pragma once

#include "tests/simulation/fault_clock.hpp"

namespace troupe::sim {

/// The kinds that befall masters; a run over many seeds must have met each.
const std::vector<std::string>& fault_kinds();
/// Those and what befalls the stores alone.
std::vector<std::string> store_fault_kinds();

class faults {
public:
  explicit faults(cluster& c);
  faults(const faults&) = delete;
  faults& operator=(const faults&) = delete;
  ~faults();
  /// No more faults; everything heals, everybody is started.
  void heal();

private:
  struct kind {
    std::uint64_t weight;
    void (faults::*strike)(std::size_t victim);
    bool alone = false; // only where the stores are alone
  };
  static const std::vector<kind>& kinds();

  void strike();
  void slow_wire(std::size_t victim);
  void reset_link(std::size_t victim);
  void cut_one_way(std::size_t victim) { partition(victim, false); }
  void cut_both_ways(std::size_t victim) { partition(victim, true); }
  void partition(std::size_t victim, bool both_ways);
  void cut_one_pair(std::size_t victim);
  void kill(std::size_t victim);
  void cut_power(std::size_t victim);
  void tear_write(std::size_t victim);
  void blackout(std::size_t victim);
  void stall_disk(std::size_t victim);
  void fill_disk(std::size_t victim);
  void fail_sync(std::size_t victim);
  void rot_log(std::size_t victim);
  void move_clock(std::size_t victim);
  void kill_actor(std::size_t victim);
  void pause(std::size_t victim);
  void hand_over(std::size_t victim);
  void crash_at_step(std::size_t victim);

  void at_step(member_id who, boundary what);
  void quarrel(std::size_t at, boundary what);
  void split_vote(std::size_t victim);

  std::size_t victim();
  std::size_t other_than(std::size_t victim);
  duration span(std::uint64_t least_ms, std::uint64_t most_ms) {
    return clock_.span(least_ms, most_ms);
  }

  cluster& c_;
  instant began_;
  std::optional<boundary> armed_; // a crash behind the next step of this kind
  instant split_until_{};         // whoever votes before it dies at once
  fault_clock clock_;
};

} // namespace troupe::sim
