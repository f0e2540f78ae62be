// What the kernel remembers of UDP flows (connection tracking) in this network namespace.
#pragma once

#include "config/base/result.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace troupe::host {

struct udp_flow {
  std::string destination; // IPv4, as the sender wrote it
  std::uint16_t port = 0;
  std::string answerer; // who gets it, after translation
  std::uint16_t answer_port = 0;
};

/// Forgets the IPv4 flows that `which` chooses, so that their next packet is looked up anew; how
/// many. Reads all flows: for rare changes.
result<std::size_t> forget_udp(const std::function<bool(const udp_flow&)>& which);

} // namespace troupe::host
