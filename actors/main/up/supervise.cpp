#include "actors/main/up/supervise.hpp"

#include "actors/main/program.hpp"
#include "netd/host/link.hpp"
#include "runtime/host/cgroup.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <iostream>
#include <poll.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::up {
namespace {

using nlohmann::json;
namespace supervision = kernel::supervision;

constexpr duration stop_within = 5s;

std::string_view name_of(kind k) {
  switch (k) {
  case kind::balancer: return "balancer";
  case kind::master: return "master";
  case kind::node: return "node";
  }
  return "";
}

void say(const std::string& line) { std::cerr << line << std::endl; }

} // namespace

process_supervisor::process_supervisor(layout l, std::function<instant()> clock)
    : layout_(std::move(l)), clock_(std::move(clock)), processes_(layout_.processes.size()) {
  // A cluster never gives up on a process: it only waits longer between restarts.
  book_.tolerance = {.deaths = 1'000'000, .within = 30s};
  book_.backoff = {.first = 100ms, .most = 5s};
  for (const auto& p : layout_.processes)
    book_.children.push_back({.name = p.name, .restart = kernel::restart::always});
}

process_supervisor::~process_supervisor() {
  for (int fd : {lock_, signals_})
    if (fd >= 0)
      close(fd);
}

result<void> process_supervisor::open() {
  auto file = layout_.dir + "/up.lock";
  lock_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_ < 0)
    return system_failure("open " + file, errno);
  if (flock(lock_, LOCK_EX | LOCK_NB) != 0)
    return failure{.reason = reason::conflict,
                   .message = "start the cluster in " + layout_.dir
                              + ": another `troupe up` runs there; end it with `troupe down`"};
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGINT);
  sigaddset(&wanted, SIGTERM);
  sigaddset(&wanted, SIGCHLD);
  sigprocmask(SIG_BLOCK, &wanted, nullptr);
  signals_ = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
  CHECK_RETURN(control_.open(layout_.control_socket()));
  if (layout_.namespaces) {
    CHECK_RETURN(host::delete_link(layout_.bridge)); // of a `troupe up` that was killed
    CHECK_RETURN(host::create_bridge(layout_.bridge, layout_.bridge_cidr));
  }
  return {};
}

void process_supervisor::decide(const supervision::event& e) {
  for (const auto& o : supervision::decide(book_, e, clock_()))
    perform(o);
}

void process_supervisor::perform(const supervision::order& o) {
  switch (o.what) {
  case supervision::order::kind::start: return start(o.child);
  case supervision::order::kind::stop:
  case supervision::order::kind::kill:
    if (processes_[o.child].pid > 0)
      kill(processes_[o.child].pid, SIGKILL);
    return;
  case supervision::order::kind::wake_at: wake_ = wake_ ? std::min(*wake_, o.at) : o.at; return;
  case supervision::order::kind::forget:
  case supervision::order::kind::fatal:
  case supervision::order::kind::give_up:
  case supervision::order::kind::finish: return;
  }
}

void process_supervisor::start(std::size_t i) {
  const auto& plan = layout_.processes[i];
  auto started =
    host::start({.command = plan.command, .environment = {}, .log = plan.log, .apart = plan.apart});
  if (!started) {
    say("cannot start " + plan.name + ": " + started.error().message);
    return decide({.what = supervision::event::kind::died,
                   .child = i,
                   .failed = true,
                   .why = started.error().message});
  }
  auto& p = processes_[i];
  p.pid = started->pid;
  p.pidfd = started->pidfd;
  ++p.starts;
  publish();
}

void process_supervisor::ended(std::size_t i) {
  auto& p = processes_[i];
  int status = 0;
  if (waitpid(p.pid, &status, WNOHANG) != p.pid)
    return;
  close(p.pidfd);
  p.pid = 0;
  p.pidfd = -1;
  give_back(i);
  if (!leaving_) {
    // A master that was removed from the cluster would only say so again.
    if (WIFEXITED(status) && WEXITSTATUS(status) == program::removed_exit_code)
      p.put_down = p.removed = true;
    auto why = WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status))
                                   : "exit code " + std::to_string(WEXITSTATUS(status));
    say(layout_.processes[i].name + " ended by " + why
        + (p.put_down ? "; it stays down" : "; starting it again"));
    if (p.put_down)
      book_.children[i].phase = supervision::phase::ended;
    else
      decide({.what = supervision::event::kind::died, .child = i, .failed = true, .why = why});
  }
  publish();
}

json process_supervisor::kill_process(const std::string& name, bool stay_down) {
  const auto* plan = layout_.find(name);
  if (!plan)
    return {{"ok", false}, {"error", "no process is called " + name}};
  auto& p = processes_[static_cast<std::size_t>(plan - layout_.processes.data())];
  p.put_down = stay_down;
  if (p.pid == 0)
    return {{"ok", false}, {"error", name + " does not run"}};
  kill(p.pid, SIGKILL);
  return {{"ok", true}, {"pid", p.pid}};
}

void process_supervisor::raise_all() {
  for (std::size_t i = 0; i < processes_.size(); ++i) {
    if (!processes_[i].put_down || processes_[i].removed)
      continue;
    processes_[i].put_down = false;
    if (processes_[i].pid == 0) {
      book_.children[i].phase = supervision::phase::up;
      start(i);
    }
  }
}

json process_supervisor::answer(const json& question) {
  auto what = question.value("do", "");
  if (what == "down") {
    leaving_ = true;
    return {{"ok", true}, {"pid", getpid()}};
  }
  if (what == "kill")
    return kill_process(question.value("process", ""), question.value("stay_down", false));
  if (what == "raise") {
    raise_all();
    return {{"ok", true}};
  }
  return {{"ok", false}, {"error", "unknown order '" + what + "'"}};
}

void process_supervisor::wait_once() {
  std::vector<pollfd> fds = {{.fd = signals_, .events = POLLIN, .revents = 0},
                             {.fd = control_.fd(), .events = POLLIN, .revents = 0}};
  std::vector<std::size_t> whose;
  for (std::size_t i = 0; i < processes_.size(); ++i)
    if (processes_[i].pidfd >= 0) {
      fds.push_back({.fd = processes_[i].pidfd, .events = POLLIN, .revents = 0});
      whose.push_back(i);
    }
  int wait = -1;
  if (wake_)
    wait = static_cast<int>(std::max<std::int64_t>(
      0, std::chrono::ceil<std::chrono::milliseconds>(*wake_ - clock_()).count()));
  poll(fds.data(), fds.size(), wait);
  signalfd_siginfo info{};
  while (read(signals_, &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info)))
    if (info.ssi_signo != SIGCHLD)
      leaving_ = true;
  if (fds[1].revents & POLLIN)
    control_.serve([this](const json& q) { return answer(q); });
  for (std::size_t k = 0; k < whose.size(); ++k)
    if (fds[k + 2].revents & POLLIN)
      ended(whose[k]);
  if (wake_ && clock_() >= *wake_) {
    wake_.reset();
    decide({.what = supervision::event::kind::due, .child = 0, .failed = false, .why = {}});
  }
}

void process_supervisor::end_all() {
  // Nodes first: their pods end with them; masters then stop in order; balancers last.
  for (auto k : {kind::node, kind::master, kind::balancer}) {
    for (std::size_t i = 0; i < processes_.size(); ++i)
      if (layout_.processes[i].kind == k && processes_[i].pid > 0)
        kill(processes_[i].pid, k == kind::node ? SIGKILL : SIGTERM);
    auto deadline = clock_() + stop_within;
    for (std::size_t i = 0; i < processes_.size(); ++i) {
      auto& p = processes_[i];
      if (layout_.processes[i].kind != k || p.pid == 0)
        continue;
      pollfd end{.fd = p.pidfd, .events = POLLIN, .revents = 0};
      auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock_()).count();
      if (poll(&end, 1, static_cast<int>(std::max<std::int64_t>(0, left))) == 0)
        kill(p.pid, SIGKILL);
      waitpid(p.pid, nullptr, 0);
      close(p.pidfd);
      p.pid = 0;
      p.pidfd = -1;
      give_back(i);
    }
  }
  for (const auto& p : layout_.processes)
    if (auto slash = p.cgroup.rfind('/'); slash != std::string::npos)
      runtime::remove_unused_cgroups(p.cgroup.substr(0, slash));
}

/// The veth goes with its namespace, but connections that could not say goodbye would keep both.
void process_supervisor::give_back(std::size_t i) {
  const auto& plan = layout_.processes[i];
  if (plan.apart.network)
    if (auto gone = host::delete_link(plan.apart.veth); !gone)
      say(gone.error().message);
  give_back_cgroup(i);
}

/// All of a node died with its first process; the kernel may take a moment to see it.
void process_supervisor::give_back_cgroup(std::size_t i) {
  if (layout_.processes[i].cgroup.empty())
    return;
  for (int tries = 0; tries < 50; ++tries) {
    if (runtime::remove_cgroup(layout_.processes[i].cgroup))
      return;
    poll(nullptr, 0, 10);
  }
  say("the control group " + layout_.processes[i].cgroup + " is still in use");
}

void process_supervisor::publish() {
  state s{.pid = leaving_ ? 0 : getpid(),
          .api_port = layout_.api_port,
          .bridge = layout_.bridge,
          .processes = {}};
  for (std::size_t i = 0; i < processes_.size(); ++i) {
    const auto& plan = layout_.processes[i];
    const auto& p = processes_[i];
    s.processes.push_back({.name = plan.name,
                           .kind = std::string{name_of(plan.kind)},
                           .pid = p.pid,
                           .address = plan.address,
                           .port = plan.port,
                           .restarts = p.starts > 0 ? p.starts - 1 : 0,
                           .put_down = p.put_down,
                           .removed = p.removed});
  }
  if (auto saved = save(s, layout_.state_file()); !saved)
    say(saved.error().message);
}

result<void> process_supervisor::run() {
  decide({.what = supervision::event::kind::started, .child = 0, .failed = false, .why = {}});
  while (!leaving_)
    wait_once();
  end_all();
  publish();
  if (layout_.namespaces)
    return host::delete_link(layout_.bridge);
  return {};
}

} // namespace troupe::up
