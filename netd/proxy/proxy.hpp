// What every proxy mode does for the network actor, whatever the kernel mechanism is.
#pragma once

#include "netd/model/routes.hpp"

namespace troupe::netd {

/// Calls may block; one at a time, on any thread.
class proxy {
public:
  proxy() = default;
  proxy(const proxy&) = delete;
  proxy& operator=(const proxy&) = delete;
  virtual ~proxy() = default;

  /// Makes the kernel serve these routes too, in one transaction. On failure the kernel keeps what
  /// it had, and the next call completes what this one could not.
  virtual result<void> apply(const route_changes& changes) = 0;
  /// Fails when somebody else removed what is ours; the next apply makes it anew.
  virtual result<void> verify() = 0;
  /// Takes everything back. The next apply makes it anew.
  virtual result<void> close() = 0;
};

} // namespace troupe::netd
