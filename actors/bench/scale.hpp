// How memory and restart grow with what is stored. Inside actors/bench only.
#pragma once

#include "actors/bench/session.hpp"

namespace troupe::bench {

inline constexpr auto scale_case = "scale";

/// For each of `with.keys`: fills both systems up to so many keys of 1 KB, then tells each member's
/// memory and how long one that was killed (-9) takes until it answers a linearizable read again;
/// rows `scale_N`.
result<void> measure_scale(session& all, const options& with, patience& waiting,
                           std::vector<row>& into);

} // namespace troupe::bench
