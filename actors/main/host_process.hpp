// What every long-running process of Troupe starts with: actor system, process value, links,
// signals.
#pragma once

#include "actors/kernel/links.hpp"
#include "actors/kernel/process.hpp"
#include "actors/kernel/supervisor.hpp"
#include "config/pki/certificate.hpp"
#include "config/settings/common.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

namespace troupe::program {

struct host_options {
  kernel::identity who;
  std::size_t actor_threads = 2;
  std::size_t trace_bytes = std::size_t{8} << 20;
  settings::links link;
  pki::credential credential; // on links
  std::string ca_pem;
};

/// Lives as long as the program. Blocks SIGTERM and SIGINT in every thread started after it.
class host_process {
public:
  explicit host_process(const host_options& o);
  host_process(const host_process&) = delete;
  host_process& operator=(const host_process&) = delete;
  ~host_process();

  const kernel::process_ptr& process() const { return process_; }
  kernel::links& links() { return *links_; }
  kernel::place root() const { return {.process = process_}; }

  /// Starts the tree and waits for a signal or a fatal death; stops the tree in order after a
  /// signal, `before_stopping` first, while all actors still work. The exit code: 0 after a signal,
  /// removed_exit_code when the cluster has removed this process before, else 1.
  int run(kernel::tree t, const std::function<void(caf::actor_system&)>& before_stopping = {});

  /// The cluster has removed this process: what dies next says why. From any thread.
  void removed() { removed_ = true; }

private:
  struct config : caf::actor_system_config {
    explicit config(std::size_t threads);
  };
  int signals_ = -1;
  int fatal_ = -1; // eventfd
  std::atomic<bool> removed_{false};
  config config_;
  std::unique_ptr<caf::actor_system> system_;
  kernel::process_ptr process_;
  std::unique_ptr<kernel::links> links_;
};

} // namespace troupe::program
