// How the benchmark's own thread waits: for time, for a fact, and never deaf to SIGINT and SIGTERM.
#pragma once

#include "config/base/clock.hpp"
#include "config/base/result.hpp"

#include <functional>
#include <string>

namespace troupe::bench {

/// Make it before any thread: they inherit that the signals are blocked.
class patience {
public:
  patience();
  patience(const patience&) = delete;
  patience& operator=(const patience&) = delete;
  ~patience();

  /// Waits so long. Fails when a signal came.
  result<void> rest(duration time);
  /// Waits until `fact` holds, asking every 10 ms. Fails after `limit`: "WHAT: not within LIMIT".
  result<void> until(const std::function<bool()>& fact, duration limit, const std::string& what);

private:
  bool interrupted_ = false;
};

} // namespace troupe::bench
