// One run: a cluster under faults and clients, then peace, then the checks.
#pragma once

#include "tests/simulation/options.hpp"
#include "tests/simulation/report.hpp"

namespace troupe::sim {

report run(const options& o);

} // namespace troupe::sim
