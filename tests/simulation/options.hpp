// What is drawn from a seed before a run begins, and the bugs that may be put in.
#pragma once

#include "actors/kernel/simulated_network.hpp"
#include "actors/kernel/simulation.hpp"

#include <optional>
#include <string>

namespace troupe::sim {

enum class bug { none, acknowledge_before_sync, drop_event_on_leader_change, ignore_fence };
std::optional<bug> bug_of(std::string_view name);
std::string_view name_of(bug b);

struct options {
  std::uint64_t seed = 0;
  sim::bug bug = sim::bug::none;

  std::size_t masters = 3;
  std::size_t nodes = 0;
  duration active{}; // with faults
  std::size_t clients = 0;
  std::size_t watchers = 0;
  std::size_t keys = 0;
  duration think{}; // of a client between two operations, at most
  kernel::network_settings network;
  kernel::job_times disk;
  duration fault_every{}; // on the average
  std::uint64_t segment_bytes = 0;
  std::uint64_t flush_entries = 0;
  std::uint64_t keep_entries = 0;
  duration compact_after{};
  std::string show{}; // changes of keys that contain it are printed; empty: none
};

options draw(std::uint64_t seed, bug b);
std::string describe(const options& o);

} // namespace troupe::sim
