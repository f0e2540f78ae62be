// What `troupe up` would start, for commands that prepare its data directory.
#pragma once

#include "actors/main/program.hpp"
#include "actors/main/up/layout.hpp"

namespace troupe::program {

/// Of the cluster in the common data directory, with the settings of these options.
result<up::layout> up_layout(const common_options& common, const up_options& o);

} // namespace troupe::program
