// One run of the whole: three masters and hollow nodes under faults and users, then peace, then the
// checks.
#pragma once

#include "tests/simulation/options.hpp"
#include "tests/simulation/report.hpp"

namespace troupe::sim {

/// As draw(), for the whole.
options draw_whole(std::uint64_t seed, bug b);
report run_whole(const options& o);
/// A run over many seeds must have met each.
std::vector<std::string> whole_fault_kinds();

} // namespace troupe::sim
