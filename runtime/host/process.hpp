// Child processes with a known end: started by argument list, waited for with a deadline.
#pragma once

#include "config/base/clock.hpp"
#include "config/base/result.hpp"

#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace troupe::runtime {

/// One running child of this process. Destruction kills it (KILL) and reaps it.
class process {
public:
  /// Starts `command` (its first word is looked up in PATH); output is appended to `log`, or
  /// dropped when empty. It gets KILL when the calling thread ends.
  static result<process> start(const std::vector<std::string>& command, const std::string& log);

  process(process&& other) noexcept { swap(other); }
  process& operator=(process&& other) noexcept {
    swap(other);
    return *this;
  }
  ~process();

  pid_t pid() const { return pid_; }
  /// Readable once it ended.
  int pidfd() const { return pidfd_; }
  void signal(int number) const;
  /// The wait status if it ended within `limit`.
  std::optional<int> wait(duration limit);

private:
  process() = default;
  void swap(process& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(pidfd_, other.pidfd_);
  }
  pid_t pid_ = -1;
  int pidfd_ = -1;
};

/// Runs to the end; fails when it takes longer than `limit`, or with the end of its output when it
/// exits with anything but 0.
result<void> run(const std::vector<std::string>& command, duration limit);

/// "exit code 3" or "signal 9".
std::string describe_end(int wait_status);

} // namespace troupe::runtime
