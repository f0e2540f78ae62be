// Sees every step of a core: how tests check the promises of Raft where cores run inside of a host.
#pragma once

#include "store/raft/core.hpp"

namespace troupe::raft {

class witness {
public:
  witness() = default;
  witness(const witness&) = delete;
  witness& operator=(const witness&) = delete;
  virtual ~witness() = default;
  /// After the step, before the host performs what it ordered.
  virtual void stepped(const core& who, const event& what, const effects& todo) = 0;
};

} // namespace troupe::raft
