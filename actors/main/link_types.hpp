// Every message type that crosses links between processes of Troupe: both ends must know the same.
#pragma once

#include "actors/kernel/types.hpp"

namespace troupe::program {

kernel::message_types link_types();

} // namespace troupe::program
