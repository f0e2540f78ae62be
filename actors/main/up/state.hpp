// What a running `troupe up` tells the other commands: a file that is replaced whole.
#pragma once

#include "actors/main/up/layout.hpp"

#include <optional>
#include <set>
#include <string>
#include <sys/types.h>
#include <vector>

namespace troupe::up {

/// The pid of a process on another machine: it is asked like any other, and cannot be signalled.
inline constexpr pid_t elsewhere = -1;

struct process_state {
  std::string name;
  std::string kind; // "master", "node", "balancer"
  pid_t pid = 0;    // 0: not running
  std::string address;
  std::uint16_t port = 0;
  std::uint32_t restarts = 0;
  bool put_down = false; // by `troupe kill --stay-down`: not restarted until the next `troupe up`
  bool removed = false;  // a master that `troupe member remove` took out: not restarted at all
};

struct state {
  pid_t pid = 0; // of the `troupe up`
  std::uint16_t api_port = 0;
  std::string bridge;
  std::vector<process_state> processes;
};

result<void> save(const state& s, const std::string& file);
/// not_found when there is no such file.
result<state> load_state(const std::string& file);

} // namespace troupe::up
