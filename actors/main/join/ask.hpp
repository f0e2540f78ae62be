// Asking at the door: one connection that trusts whoever the hash of the authority names.
#pragma once

#include "actors/main/join/machine.hpp"
#include "actors/main/join/protocol.hpp"

namespace troupe::join {

struct entry {
  kernel::endpoint at;
  std::string token;
  std::string ca_hash;
  request asks; // without the certificate request: the key is made here and stays here
};
struct entered {
  answer said;
  pki::credential own;
};

/// HOST or HOST:PORT (6443 when it is missing).
result<kernel::endpoint> door_of(const std::string& address);

/// Tries again for a minute while nobody answers or the answer is 429 or 503. The authority that
/// answers has `ca_hash`, and the certificate is its own and for our key, or this fails.
result<entered> ask_to_enter(const entry& e);

} // namespace troupe::join
