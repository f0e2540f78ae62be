// A container runtime that runs nothing: pods, images and ends as settings and tests say, on
// whatever clock it is given. For hollow nodes by the thousand and for the simulation.
//
// It has no thread and no lock: it is used, and its timers come back, on one thread (an actor's).
#pragma once

#include "runtime/base/driver.hpp"

#include <functional>
#include <memory>
#include <string>

namespace troupe::fake {

/// The time it lives in. `after` runs its argument later, also after 0, never within the call.
struct world {
  std::function<instant()> now;
  std::function<void(duration, std::function<void()>)> after;
};

/// What one container does.
struct behaviour {
  duration start = 0ms;         // until it runs
  std::string start_failure;    // not empty: it does not
  std::optional<duration> runs; // nothing: until it is stopped
  std::int32_t exit_code = 0;   // when it ends by itself
  duration on_term = 0ms;       // how long it takes to end after TERM
  std::int32_t term_code = 143; // and with what
};

struct options {
  duration sandbox_start = 0ms;
  duration sandbox_stop = 0ms;
  duration pull = 0ms;
  std::function<behaviour(const runtime::container_config&, const runtime::sandbox_config&)> behave;
  /// Whether a name can be pulled; unset: every one can.
  std::function<bool(const std::string&)> can_pull;
  /// The address of the n-th sandbox; unset: 10.88.x.y.
  std::function<std::string(std::uint32_t)> address;
  /// Unset: exit code 0.
  std::function<runtime::exec_outcome(const std::string& container,
                                      const std::vector<std::string>& command)>
    exec;
};

class driver : public runtime::driver {
public:
  /// A container ends, as if by itself. False: it does not run.
  virtual bool end(const std::string& container_id, std::int32_t exit_code) = 0;
  /// A sandbox's first process dies, and all in it.
  virtual bool lose_sandbox(const std::string& sandbox_id) = 0;
  virtual void add_image(const std::string& name) = 0;
  /// From now on every call is answered unavailable (false: works again).
  virtual void set_away(bool away) = 0;
};

std::unique_ptr<driver> make_driver(world in, options with);

} // namespace troupe::fake
