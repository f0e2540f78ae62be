// A cluster whose majority is lost for good goes on from what one member has. Before any actor,
// while its process does not run.
#pragma once

#include "actors/storage/open.hpp"

#include <optional>

namespace troupe::storage {

struct recover_options {
  store_options store;     // founders: none
  std::string address;     // of this member: NAME=HOST:PORT
  std::uint64_t group = 0; // drawn at random
  std::uint64_t jump = 0;  // revisions, more than the lost part can have made
};

/// What a member has, and who else there was.
struct survivor {
  raft::log_position last;     // of its log: durable here
  log_index applied{};         // of it in the state machine
  revision at{};               // of the state machine
  std::optional<instant> when; // its log was last written to
  std::vector<raft::member> others;
  bool voted = false; // it was a voter
};

/// Only looks. Fails with conflict while its process runs, with invalid when it has nothing.
result<survivor> look_at_survivor(const recover_options& o);
/// Makes it the only member, with a group number of its own. All that its log has is kept, also
/// what it never knew to be committed: any of it may have been acknowledged. Durable when it
/// returns; done twice it does the same again.
result<survivor> recover_alone(const recover_options& o);

/// The same on what is open.
survivor look_at(const opened_store& from, const recover_options& o);
result<void> recover_alone(opened_store& of, const recover_options& o);

} // namespace troupe::storage
