// What a machine knows of itself: its name and its addresses.
#pragma once

#include "actors/kernel/transport.hpp"

#include <string>

namespace troupe::join {

/// The host's name up to its first dot, in lower case.
std::string host_name();
/// The source address of a packet to there (nothing is sent); empty: there is no way.
std::string own_address_towards(const kernel::endpoint& to);
/// That of the default route; empty: there is none.
std::string own_address();
/// IPv4 or IPv6.
bool is_address(const std::string& text);

} // namespace troupe::join
