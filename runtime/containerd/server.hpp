// A containerd of the node's own: started, watched, started again when it dies. Containers live in
// their shims and outlast it; the next one adopts them from its state.
#pragma once

#include "config/base/clock.hpp"
#include "config/base/result.hpp"
#include "runtime/containerd/config.hpp"

#include <functional>
#include <memory>
#include <string>

namespace troupe::containerd {

/// What became of the process, for the trace. Called on the supervisor's thread; must not block.
struct observer {
  std::function<void(pid_t pid)> started = [](pid_t) {};
  std::function<void(const std::string& how, duration wait)> died = [](const auto&, duration) {};
};

class server {
public:
  virtual ~server() = default; // TERM, 5 s later KILL; the containers keep running

  /// Where CRI is served. Known before it is.
  virtual const std::string& socket() const = 0;
  /// Waits until the socket takes connections.
  virtual result<void> await_ready(duration limit) = 0;
  /// Puts a docker or OCI archive's images among those that pods may use. Blocks, about 100 ms.
  virtual result<void> import_file(const std::string& archive) = 0;
  virtual result<void> import_bytes(std::string_view archive) = 0;
};

/// Writes the configuration, starts the first process and its supervisor's thread.
/// `state` and `root` belong to this server alone.
result<std::unique_ptr<server>> start(options with, observer watch = {});

} // namespace troupe::containerd
