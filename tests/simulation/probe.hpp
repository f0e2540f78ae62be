// An actor in the leader scope that acts through fenced writes, and the one that carries them to
// the store as an API worker does: after a read of its own, at a time of its own.
#pragma once

#include "actors/kernel/place.hpp"
#include "actors/storage/protocol.hpp"
#include "tests/simulation/report.hpp"

namespace troupe::sim {

inline constexpr auto beat_key = "leader/beat"; // "TERM MEMBER NUMBER"

struct carry {
  using local_only = void;
  term_id fence{};
  std::string value;
};
struct beat {
  using local_only = void;
};
using courier_actor = caf::typed_actor<proto::tell<carry>>;
using probe_actor = caf::typed_actor<proto::tell<beat>>;

/// Outlives all members.
struct scope_facts {
  std::map<term_id, std::string> leaders; // whose scope acted in the term
  report* to = nullptr;
  bool quiet = false;               // no more writes
  std::uint64_t beat_least_ms = 50; // between two beats
  std::uint64_t beat_most_ms = 250;
};

courier_actor spawn_courier(const kernel::place& at, storage::replica_actor replica,
                            std::shared_ptr<scope_facts> facts);
probe_actor spawn_probe(const kernel::place& at, storage::replica_actor replica,
                        courier_actor courier, std::shared_ptr<scope_facts> facts);

} // namespace troupe::sim
