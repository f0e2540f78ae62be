// The API protocol over links: its message types, and the portal that offers it.
#pragma once

#include "actors/kernel/links.hpp"

namespace troupe::client {

void register_types(kernel::message_types& types);

inline constexpr auto api_portal = "api";

/// Masters and nodes may say all of it; the API stamps who they are (current_peer) and authorizes.
void accept_all(kernel::portal& p);

} // namespace troupe::client
