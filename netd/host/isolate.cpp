#include "netd/host/isolate.hpp"

#include "netd/host/link.hpp"
#include "netd/host/route.hpp"

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::host {
namespace {

/// All that the child needs, made before the clone: between it and exec nothing may allocate.
struct prepared {
  std::vector<char*> arguments;
  std::vector<char*> environment;
  int go_read = -1;
  int go_write = -1;
  int log = -1;

  ~prepared() {
    for (int fd : {go_read, go_write, log})
      if (fd >= 0)
        close(fd);
  }
};

[[noreturn]] void run_child(const prepared& p) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  close(p.go_write);
  char go = 0;
  if (read(p.go_read, &go, 1) != 1)
    _exit(125);
  if (p.log >= 0) {
    dup2(p.log, STDOUT_FILENO);
    dup2(p.log, STDERR_FILENO);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  setsid();
  execve(p.arguments[0], p.arguments.data(), p.environment.data());
  _exit(127);
}

std::uint64_t flags_of(const isolation& apart) {
  return (apart.network ? CLONE_NEWNET : 0U) | (apart.mount ? CLONE_NEWNS : 0U)
         | (apart.process ? CLONE_NEWPID : 0U);
}

void end(const child& c) {
  kill(c.pid, SIGKILL);
  waitpid(c.pid, nullptr, 0);
  close(c.pidfd);
}

} // namespace

result<child> start(const launch& what) {
  prepared p;
  for (const auto& word : what.command)
    p.arguments.push_back(const_cast<char*>(word.c_str()));
  p.arguments.push_back(nullptr);
  for (const auto& entry : what.environment)
    p.environment.push_back(const_cast<char*>(entry.c_str()));
  for (auto** entry = environ; *entry; ++entry)
    p.environment.push_back(*entry);
  p.environment.push_back(nullptr);
  int go[2];
  if (pipe2(go, O_CLOEXEC) != 0)
    return system_failure("start " + what.command.front(), errno);
  p.go_read = go[0];
  p.go_write = go[1];
  if (!what.log.empty()) {
    p.log = open(what.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (p.log < 0)
      return system_failure("open the log file " + what.log, errno);
  }
  child c;
  clone_args args{};
  args.flags = flags_of(what.apart) | CLONE_PIDFD;
  args.pidfd = reinterpret_cast<std::uintptr_t>(&c.pidfd);
  args.exit_signal = SIGCHLD;
  auto pid = syscall(SYS_clone3, &args, sizeof(args));
  if (pid < 0)
    return system_failure("start " + what.command.front() + " in namespaces of its own", errno);
  if (pid == 0)
    run_child(p);
  c.pid = static_cast<pid_t>(pid);
  if (what.apart.network) {
    auto joined = delete_link(what.apart.veth); // see the header
    if (joined)
      joined = create_veth(what.apart.veth, what.apart.bridge, "eth0", c.pid);
    if (!joined) {
      end(c);
      return std::move(joined).error();
    }
  }
  char byte = 1;
  if (write(p.go_write, &byte, 1) != 1) {
    auto why = system_failure("start " + what.command.front(), errno);
    end(c);
    return why;
  }
  return c;
}

result<void> configure_network(const std::string& cidr, const std::string& gateway) {
  CHECK_RETURN(set_up("lo"));
  CHECK_RETURN(add_address("eth0", cidr));
  CHECK_RETURN(set_up("eth0"));
  if (gateway.empty())
    return {};
  return replace_route({.destination = "default", .via = gateway, .device = "eth0"});
}

} // namespace troupe::host
