// The actor that tells of what happened: Events, counted instead of repeated, never more than the
// API should bear.
#pragma once

#include "actors/kernel/place.hpp"
#include "actors/kubelet/protocol.hpp"

namespace troupe::kubelet {

struct recorder_settings {
  client::api_actor api;
  std::string node;
  std::size_t remembered = 512; // different events whose count goes on
  std::size_t in_flight = 8;    // requests; what comes beyond waits
  std::size_t waiting = 256;    // beyond it events are dropped, the oldest first
};

recorder_actor spawn_recorder(const kernel::place& at, recorder_settings with);

} // namespace troupe::kubelet
