#include "actors/main/enter.hpp"

#include "netd/host/isolate.hpp"
#include "runtime/host/mounts.hpp"

#include <cerrno>
#include <csignal>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::program {
namespace {

std::vector<char*> arguments_of(const std::vector<std::string>& command) {
  std::vector<char*> out;
  for (const auto& word : command)
    out.push_back(const_cast<char*>(word.c_str()));
  out.push_back(nullptr);
  return out;
}

pid_t command_pid = 0;

/// The first process of a PID namespace ignores what it has no handler for: it hands signals on.
void hand_on(int signal) {
  if (command_pid > 0)
    kill(command_pid, signal);
}

int exit_code(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// Starts the command and reaps every orphan until the command ends.
result<int> stay_first(const std::vector<std::string>& command) {
  auto arguments = arguments_of(command);
  command_pid = fork();
  if (command_pid < 0)
    return system_failure("start " + command.front(), errno);
  if (command_pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  for (int s : {SIGTERM, SIGINT, SIGHUP})
    signal(s, hand_on);
  while (true) {
    int status = 0;
    auto ended = wait(&status);
    if (ended == command_pid)
      return exit_code(status);
    if (ended < 0 && errno != EINTR)
      return system_failure("wait for " + command.front(), errno);
  }
}

} // namespace

result<int> enter(const enter_options& o) {
  if (!o.address.empty())
    CHECK_RETURN(host::configure_network(o.address, o.gateway));
  if (o.machine) {
    CHECK_RETURN(
      runtime::mount_node({.data_dir = o.data_dir, .own_proc = true, .hide_unified = true}));
    return stay_first(o.command);
  }
  auto arguments = arguments_of(o.command);
  execv(arguments[0], arguments.data());
  return system_failure("become " + o.command.front(), errno);
}

} // namespace troupe::program
