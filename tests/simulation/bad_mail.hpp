// A post between two replicas that is worse than a link ever is: letters come twice, and late ones
// behind later ones. The Raft core must not mind.
#pragma once

#include "actors/kernel/place.hpp"
#include "actors/storage/peer.hpp"
#include "tests/simulation/report.hpp"

namespace troupe::sim {

inline constexpr auto mail_path = "mail"; // of these actors; below it the peer's name

/// What to tell instead of `to`.
storage::peer_actor spawn_bad_mail(const kernel::place& at, storage::peer_actor to, report& notes);

} // namespace troupe::sim
