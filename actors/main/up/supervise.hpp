// Keeps the processes of a cluster on one machine: starts, restarts, puts down, ends them.
#pragma once

#include "actors/kernel/supervision.hpp"
#include "actors/main/up/control.hpp"
#include "actors/main/up/layout.hpp"
#include "actors/main/up/state.hpp"

#include <functional>

namespace troupe::up {

/// Runs until told to end (control socket, SIGINT, SIGTERM), then ends all processes and gives back
/// the bridge. One thread; the processes die with it.
class process_supervisor {
public:
  process_supervisor(layout l, std::function<instant()> clock);
  process_supervisor(const process_supervisor&) = delete;
  process_supervisor& operator=(const process_supervisor&) = delete;
  ~process_supervisor();

  /// Takes the data directory and the bridge. Fails when another `troupe up` has them.
  result<void> open();
  result<void> run();

private:
  struct running {
    pid_t pid = 0;
    int pidfd = -1;
    std::uint32_t starts = 0;
    bool put_down = false;
    bool removed = false; // from the cluster, as it said itself
  };

  void decide(const kernel::supervision::event& e);
  void perform(const kernel::supervision::order& o);
  void start(std::size_t i);
  void ended(std::size_t i);
  void give_back(std::size_t i);
  void give_back_cgroup(std::size_t i);
  nlohmann::json answer(const nlohmann::json& question);
  nlohmann::json kill_process(const std::string& name, bool stay_down);
  void raise_all();
  void wait_once();
  void end_all();
  void publish();

  layout layout_;
  std::function<instant()> clock_;
  kernel::supervision::book book_;
  std::vector<running> processes_;
  control_server control_;
  int lock_ = -1;
  int signals_ = -1;
  std::optional<instant> wake_;
  bool leaving_ = false;
};

} // namespace troupe::up
