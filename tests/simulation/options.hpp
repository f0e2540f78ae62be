// What is drawn from a seed before a run begins, and the bugs that may be put in.
#pragma once

#include "actors/kernel/simulated_network.hpp"
#include "actors/kernel/simulation.hpp"
#include "store/raft/options.hpp"

#include <optional>
#include <string>

namespace troupe::sim {

/// Deliberate bugs, each of which the simulation must find.
enum class bug {
  none,
  acknowledge_before_sync,       // of the Raft core
  commit_older_term_by_counting, //
  vote_twice_after_restart,      //
  skip_read_index_round,         //
  cut_what_is_not_durable,       //
  drop_event_on_leader_change,   // of the watch hub
  apply_twice_after_restart,     // of the state machine
  ignore_fence,                  //
};
std::optional<bug> bug_of(std::string_view name);
std::string_view name_of(bug b);

/// What a run is about, beside the faults that all have.
enum class story {
  weather,  // the faults alone
  quarrels, // leaders and voters are struck at the worst moment: many short terms
  members,  // masters join, leave and are replaced
};
std::string_view name_of(story s);
std::optional<story> story_of(std::string_view name);

struct options {
  std::uint64_t seed = 0;
  sim::bug bug = sim::bug::none;
  sim::story story = sim::story::weather;

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
  std::uint64_t disk_reserve = 0; // as replica_settings
  std::uint64_t keep_entries = 0;
  std::uint64_t batch_bytes = 0;      // entries in one letter
  std::uint64_t chunk_bytes = 0;      // of a snapshot
  bool bad_mail = false;              // letters come twice, and late ones behind later ones
  std::uint64_t least_operations = 0; // that a run must see
  duration compact_after{};
  std::string show{}; // changes of keys that contain it are printed; empty: none
};

options draw(std::uint64_t seed, bug b);
std::string describe(const options& o);
/// What a core is told beside its name.
void tune(raft::options& core, const options& with);

} // namespace troupe::sim
