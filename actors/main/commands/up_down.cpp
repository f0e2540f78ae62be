// up and down: the whole cluster on this machine.
#include "actors/main/commands/up_down.hpp"

#include "actors/main/commands/cluster.hpp"
#include "actors/main/up/control.hpp"
#include "actors/main/up/files.hpp"
#include "actors/main/up/layout.hpp"
#include "actors/main/up/supervise.hpp"
#include "config/settings/settings.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <arpa/inet.h>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <poll.h>
#include <set>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace troupe::program {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr duration poll_every = 20ms;

instant now() { return std::chrono::system_clock::now(); }

void wait_a_little() {
  poll(nullptr, 0,
       static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(poll_every).count()));
}

result<std::uint16_t> free_port() {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(at);
  bool bound = bind(fd, reinterpret_cast<sockaddr*>(&at), size) == 0
               && getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) == 0;
  auto why = errno;
  close(fd);
  if (!bound)
    return system_failure("find a free port on 127.0.0.1", why);
  return ntohs(at.sin_port);
}

/// The port of the last `troupe up` here, so that kubeconfigs stay good.
result<std::uint16_t> choose_port(const settings::up& wanted) {
  if (wanted.api_port != 0)
    return wanted.api_port;
  auto before = up::load_state(wanted.data_dir + "/up.json");
  if (before && before->api_port != 0)
    return before->api_port;
  return free_port();
}

result<settings::up> settings_of(const common_options& common, const up_options& o) {
  auto sets = o.sets;
  sets.push_back("dataDir=" + common.data_dir);
  if (o.masters != 0)
    sets.push_back("masters=" + std::to_string(o.masters));
  if (o.nodes_given)
    sets.push_back("nodes=" + std::to_string(o.nodes));
  if (!o.runtime.empty())
    sets.push_back("node.runtime=" + o.runtime);
  if (!o.addons.empty())
    sets.push_back("addons=" + o.addons);
  auto environment = settings::environment();
  // The processes get theirs from us, whole: TROUPE_MASTERS=5 or TROUPE_DATA_DIR is said to `up`.
  for (const auto& [name, value] : environment)
    unsetenv(name.c_str());
  return settings::load<settings::up>(
    {.file = o.config, .environment = std::move(environment), .sets = sets});
}

result<up::layout> layout_of(const settings::up& wanted) {
  std::error_code why;
  fs::create_directories(wanted.data_dir, why);
  if (why)
    return failure{.message = "create " + wanted.data_dir + ": " + why.message()};
  OR_RETURN(auto port, choose_port(wanted));
  return up::plan(wanted, {.program = fs::read_symlink("/proc/self/exe"),
                           .namespaces = wanted.namespaces && geteuid() == 0,
                           .api_port = port});
}

/// Masters without a store would found a cluster of their own and outvote those that have one.
result<void> check_stores(const up::layout& l) {
  std::string with;
  std::string without;
  for (const auto& m : l.masters) {
    auto& names = fs::exists(m.data_dir + "/store") ? with : without;
    names += (names.empty() ? "" : ", ") + m.name;
  }
  if (with.empty() || without.empty())
    return {};
  return failure{.reason = reason::conflict,
                 .message = "start the cluster in " + l.dir + ": " + with + " has data and "
                            + without
                            + " has none, and would found another cluster; bring DIR/NAME/store "
                              "back (as many masters as at first), or restore a snapshot into "
                              "another directory (troupe snapshot restore --for-up)"};
}

/// What is not ready yet; empty: all is.
std::string missing(const common_options& common, const up::layout& l) {
  auto cluster = cluster_client::open(common);
  if (!cluster)
    return cluster.error().message;
  for (const auto& p : l.processes)
    if (p.kind == up::kind::master) {
      const auto* running = cluster->find(p.name);
      if (running && running->removed)
        continue;
      auto told = running ? cluster->get(*running, "/troupe/status", 1s)
                          : result<json>{failure{.message = "it is not started"}};
      if (!told)
        return p.name + ": " + told.error().message;
      if (told->value("leader", "").empty())
        return p.name + " knows no leader";
    }
  auto nodes = cluster->api("/api/v1/nodes", 1s);
  if (!nodes)
    return "the API: " + nodes.error().message;
  std::set<std::string> ready;
  for (const auto& n : nodes->value("items", json::array()))
    for (const auto& c : n.value(json::json_pointer("/status/conditions"), json::array()))
      if (c.value("type", "") == "Ready" && c.value("status", "") == "True")
        ready.insert(n.at("metadata").value("name", ""));
  for (const auto& n : l.nodes)
    if (!ready.contains(n.name))
      return n.name + " is not ready";
  return {};
}

/// What lies in DIR/images goes onto every node, as `troupe image` does it.
result<int> import_images(const common_options& common) {
  std::vector<std::string> archives;
  std::error_code none;
  for (const auto& file : fs::directory_iterator{common.data_dir + "/images", none})
    if (file.path().extension() == ".tar")
      archives.push_back(file.path().string());
  std::sort(archives.begin(), archives.end());
  if (archives.empty())
    return 0;
  return image_import_command(common, archives);
}

/// True when all is ready within the time; `why` says what was not.
bool wait_ready(const common_options& common, const up::layout& l, duration within,
                const std::atomic<bool>& stop, std::string& why) {
  auto deadline = now() + within;
  while (!stop) {
    why = missing(common, l);
    if (why.empty()) {
      auto there = import_images(common);
      why = there ? "" : there.error().message;
      return why.empty();
    }
    if (now() >= deadline)
      return false;
    wait_a_little();
  }
  return false;
}

void print_ready(const up::layout& l) { std::cout << l.kubeconfig() << std::endl; }

/// The supervisor in this process; returns when the cluster has ended.
result<int> supervise(const common_options& common, const up::layout& l, duration ready_within,
                      bool say_ready) {
  up::process_supervisor supervisor{l, now};
  CHECK_RETURN(supervisor.open());
  CHECK_RETURN(up::prepare_files(l, now()));
  std::atomic<bool> stop = false;
  std::thread waiter;
  if (say_ready)
    waiter = std::thread{[&] {
      std::string why;
      if (wait_ready(common, l, ready_within, stop, why))
        print_ready(l);
      else if (!stop)
        std::cerr << "the cluster is not ready after "
                  << std::chrono::duration_cast<std::chrono::seconds>(ready_within).count()
                  << " s: " << why << std::endl;
    }};
  auto done = supervisor.run();
  stop = true;
  if (waiter.joinable())
    waiter.join();
  CHECK_RETURN(std::move(done));
  return 0;
}

/// The supervisor in the background: a process of its own session that writes to DIR/up.log.
result<int> detach(const common_options& common, const up::layout& l, duration ready_within) {
  auto log = l.dir + "/up.log";
  auto child = fork();
  if (child < 0)
    return system_failure("go to the background", errno);
  if (child == 0) {
    setsid();
    if (!freopen(log.c_str(), "a", stderr) || !freopen("/dev/null", "r", stdin)
        || !freopen("/dev/null", "w", stdout))
      _exit(1);
    auto done = supervise(common, l, ready_within, false);
    if (!done)
      std::cerr << "troupe: " << done.error().message << std::endl;
    _exit(done ? *done : 1);
  }
  std::string why = "it was not started";
  auto deadline = now() + ready_within;
  while (now() < deadline) {
    int status = 0;
    if (waitpid(child, &status, WNOHANG) == child)
      return failure{.message = "the cluster ended while it started; " + log + " says why"};
    why = missing(common, l);
    if (why.empty()) {
      CHECK_RETURN(import_images(common));
      print_ready(l);
      return 0;
    }
    wait_a_little();
  }
  return failure{.reason = reason::timeout,
                 .message = "the cluster is not ready: " + why + "; the logs are in " + l.dir
                            + "/*/log; `troupe down` ends it"};
}

} // namespace

result<up::layout> up_layout(const common_options& common, const up_options& o) {
  OR_RETURN(auto wanted, settings_of(common, o));
  return layout_of(wanted);
}

result<int> up_command(const common_options& common, const up_options& o) {
  OR_RETURN(auto wanted, settings_of(common, o));
  OR_RETURN(auto l, layout_of(wanted));
  // Already there: start what was put down.
  if (auto raised = up::ask_control(l.control_socket(), {{"do", "raise"}}, 5s)) {
    std::atomic<bool> stop = false;
    std::string why;
    if (!wait_ready(common, l, wanted.ready_within, stop, why))
      return failure{.reason = reason::timeout, .message = "the cluster is not ready: " + why};
    print_ready(l);
    return 0;
  }
  CHECK_RETURN(check_stores(l));
  fs::remove(l.state_file()); // of a cluster that has ended: its pids mean nothing
  if (o.detach)
    return detach(common, l, wanted.ready_within);
  return supervise(common, l, wanted.ready_within, true);
}

result<int> down_command(const common_options& common) {
  auto asked = up::ask_control(common.data_dir + "/up.sock", {{"do", "down"}}, 5s);
  if (!asked && asked.error().reason == reason::unavailable) {
    std::cout << "no cluster runs in " << common.data_dir << std::endl;
    return 0;
  }
  if (!asked)
    return std::move(asked).error();
  auto pid = asked->value("pid", 0);
  auto deadline = now() + 30s;
  while (kill(pid, 0) == 0) {
    if (now() >= deadline)
      return failure{.reason = reason::timeout,
                     .message =
                       "`troupe up` (pid " + std::to_string(pid) + ") has not ended after 30 s"};
    wait_a_little();
  }
  return 0;
}

} // namespace troupe::program
