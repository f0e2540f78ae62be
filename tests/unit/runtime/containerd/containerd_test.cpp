#include "runtime/containerd/server.hpp"
#include "runtime/cri/driver.hpp"
#include "runtime/host/process.hpp"
#include "runtime/image/pause_image.hpp"
#include "tests/unit/runtime/containerd/node.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <mutex>
#include <set>

namespace {

using namespace troupe;
using test_node::wait_for;
using clock_type = std::chrono::steady_clock;

double milliseconds(clock_type::duration d) {
  return std::chrono::duration<double, std::milli>(d).count();
}

/// Changes as they come, to be waited for.
class journal {
public:
  void add(const runtime::change& c) {
    std::lock_guard lock(mutex_);
    if (c.what == runtime::change::kind::exited)
      exited_[c.id] = clock_type::now();
    wake_.notify_all();
  }
  /// When the end of `id` was reported; nothing within `limit`.
  std::optional<clock_type::time_point> await_exit(const std::string& id, duration limit = 10s) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, limit, [&] { return exited_.contains(id); });
    auto found = exited_.find(id);
    return found == exited_.end() ? std::nullopt : std::optional(found->second);
  }

private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::map<std::string, clock_type::time_point> exited_;
};

/// One containerd for all tests of this program.
struct world {
  std::atomic<pid_t> pid{0};
  std::atomic<int> starts{0};
  std::unique_ptr<containerd::server> server;
  std::unique_ptr<runtime::driver> driver;
  journal seen;

  world() {
    auto home = test_node::directory();
    auto began = clock_type::now();
    auto started = containerd::start({.root = home + "/containerd",
                                      .state = "/run/troupe/containerd",
                                      .cni_conf = home + "/cni",
                                      .sandbox_image = image::pause_name},
                                     {.started = [this](pid_t p) { pid = p, ++starts; }});
    REQUIRE_MESSAGE(started, started.error().message);
    server = std::move(*started);
    auto ready = server->await_ready(20s);
    REQUIRE_MESSAGE(ready, ready.error().message);
    auto up = clock_type::now();
    auto imported = server->import_bytes(image::pause_archive());
    REQUIRE_MESSAGE(imported, imported.error().message);
    MESSAGE("containerd up after ", milliseconds(up - began), " ms, pause image after ",
            milliseconds(clock_type::now() - up), " ms more");
    auto built = runtime::run({TROUPE_SOURCE_DIR "/examples/images/build", home + "/images"}, 60s);
    REQUIRE_MESSAGE(built, built.error().message);
    for (const auto* name : {"busybox", "hello"}) {
      imported = server->import_file(home + "/images/" + name + ".tar");
      REQUIRE_MESSAGE(imported, imported.error().message);
    }
    driver = cri::make_driver({.socket = server->socket()});
    driver->watch([this](const runtime::change& c) { seen.add(c); });
  }

  runtime::sandbox_config sandbox(const std::string& name) const {
    runtime::sandbox_config out;
    out.pod = {name, "default", "uid-" + name};
    out.hostname = name;
    out.log_directory = test_node::directory() + "/logs/" + name;
    std::filesystem::create_directories(out.log_directory);
    out.cgroup_parent = test_node::cgroup() + "/pod-" + name;
    out.labels = {{runtime::label::pod_name, name},
                  {runtime::label::pod_namespace, "default"},
                  {runtime::label::pod_uid, out.pod.uid}};
    return out;
  }

  runtime::container_config container(const runtime::sandbox_config& in, const std::string& name,
                                      std::vector<std::string> command) const {
    runtime::container_config out;
    out.name = name;
    out.image = "docker.io/library/busybox:1.35";
    out.command = std::move(command);
    out.labels = in.labels;
    out.labels[runtime::label::container_name] = name;
    out.log_path = name + "/0.log";
    std::filesystem::create_directories(in.log_directory + "/" + name);
    return out;
  }

  std::string run(const runtime::sandbox_config& in) {
    auto id = wait_for<std::string>([&](auto to) { driver->run_sandbox(in, to); });
    REQUIRE_MESSAGE(id, id.error().message);
    return *id;
  }

  std::string start(const std::string& sandbox_id, const runtime::sandbox_config& in,
                    const runtime::container_config& what) {
    auto id =
      wait_for<std::string>([&](auto to) { driver->create_container(sandbox_id, what, in, to); });
    REQUIRE_MESSAGE(id, id.error().message);
    auto started = wait_for<void>([&](auto to) { driver->start_container(*id, to); });
    REQUIRE_MESSAGE(started, started.error().message);
    return *id;
  }

  runtime::pod_state look(const runtime::sandbox_config& at) {
    auto state = wait_for<runtime::pod_state>([&](auto to) { driver->inspect(at.pod.uid, to); });
    REQUIRE_MESSAGE(state, state.error().message);
    return *state;
  }

  void remove(const runtime::sandbox_config& what, const std::string& sandbox_id) {
    auto stopped = wait_for<void>([&](auto to) { driver->stop_sandbox(sandbox_id, to); });
    CHECK_MESSAGE(stopped, stopped.error().message);
    auto removed = wait_for<void>([&](auto to) { driver->remove_sandbox(sandbox_id, to); });
    CHECK_MESSAGE(removed, removed.error().message);
    auto emptied = runtime::remove_cgroup(what.cgroup_parent);
    CHECK_MESSAGE(emptied, emptied.error().message);
  }
};

world& the() {
  static world one;
  return one;
}

} // namespace

TEST_CASE("containerd: a pod runs, has an address, ends with its code and is seen at once") {
  auto& w = the();
  auto pod = w.sandbox("story");
  auto sandbox_id = w.run(pod);
  auto id = w.start(sandbox_id, pod,
                    w.container(pod, "main", {"sh", "-c", "echo hello; sleep 0.3; exit 7"}));
  auto state = w.look(pod);
  REQUIRE(state.sandboxes.size() == 1);
  CHECK(state.sandboxes[0].state == runtime::sandbox_state::ready);
  REQUIRE(state.sandboxes[0].ips.size() == 1);
  CHECK(state.sandboxes[0].ips[0].starts_with("10.244.7."));
  REQUIRE(state.containers.size() == 1);
  CHECK(state.containers[0].state == runtime::container_state::running);
  CHECK(state.containers[0].sandbox_id == sandbox_id);
  CHECK(state.containers[0].log_path == pod.log_directory + "/main/0.log");

  auto reported = w.seen.await_exit(id);
  REQUIRE(reported);
  state = w.look(pod);
  REQUIRE(state.containers.size() == 1);
  CHECK(state.containers[0].state == runtime::container_state::exited);
  CHECK(state.containers[0].exit_code == 7);
  CHECK(state.containers[0].reason == "Error");
  CHECK(std::filesystem::file_size(state.containers[0].log_path) > 0);
  w.remove(pod, sandbox_id);
  CHECK(w.look(pod) == runtime::pod_state{});
}

TEST_CASE("containerd: the end of a container is reported within 200 ms") {
  auto& w = the();
  auto pod = w.sandbox("exit");
  auto sandbox_id = w.run(pod);
  std::vector<double> took;
  for (int i = 0; i < 5; ++i) {
    auto config = w.container(pod, "main", {"sleep", "1000"});
    config.attempt = static_cast<std::uint32_t>(i);
    auto id = w.start(sandbox_id, pod, config);
    auto began = clock_type::now();
    auto stopped = wait_for<void>([&](auto to) { w.driver->stop_container(id, 0s, to); });
    REQUIRE(stopped);
    auto reported = w.seen.await_exit(id);
    REQUIRE(reported);
    took.push_back(milliseconds(*reported - began));
    REQUIRE(wait_for<void>([&](auto to) { w.driver->remove_container(id, to); }));
  }
  std::sort(took.begin(), took.end());
  MESSAGE("kill to report: median ", took[2], " ms, worst ", took.back(), " ms");
  CHECK(took[2] < 200);
  w.remove(pod, sandbox_id);
}

TEST_CASE("containerd: commands run inside, time limits hold, what is missing is not found") {
  auto& w = the();
  auto pod = w.sandbox("exec");
  auto sandbox_id = w.run(pod);
  auto id = w.start(sandbox_id, pod, w.container(pod, "main", {"sleep", "1000"}));
  auto outcome = wait_for<runtime::exec_outcome>([&](auto to) {
    w.driver->exec(id, {"sh", "-c", "hostname; exit 3"}, 5s, to);
  });
  REQUIRE_MESSAGE(outcome, outcome.error().message);
  CHECK(outcome->exit_code == 3);
  CHECK(outcome->out == "exec\n");
  outcome = wait_for<runtime::exec_outcome>([&](auto to) {
    w.driver->exec(id, {"sleep", "30"}, 1s, to);
  });
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().reason == reason::timeout);
  auto image = wait_for<runtime::image>(
    [&](auto to) { w.driver->image_status("docker.io/library/nothing:1", to); });
  REQUIRE_FALSE(image);
  CHECK(image.error().reason == reason::not_found);
  image = wait_for<runtime::image>([&](auto to) { w.driver->image_status("busybox:1.35", to); });
  REQUIRE(image);
  CHECK(image->size > 100000);
  CHECK(wait_for<void>([&](auto to) { w.driver->remove_container("nosuchcontainer", to); }));
  auto broken = w.container(pod, "broken", {"/no/such/program"});
  auto created = wait_for<std::string>(
    [&](auto to) { w.driver->create_container(sandbox_id, broken, pod, to); });
  REQUIRE(created);
  CHECK_FALSE(wait_for<void>([&](auto to) { w.driver->start_container(*created, to); }));
  auto used = wait_for<std::vector<runtime::usage>>([&](auto to) { w.driver->stats(to); });
  REQUIRE(used);
  CHECK(std::any_of(used->begin(), used->end(), [&](const auto& u) {
    return u.container_id == id && u.pod_uid == pod.pod.uid && u.memory_usage > 0;
  }));
  w.remove(pod, sandbox_id);
}

TEST_CASE("containerd: a killed containerd comes back, its containers never noticed") {
  auto& w = the();
  auto pod = w.sandbox("adopt");
  auto sandbox_id = w.run(pod);
  auto id = w.start(sandbox_id, pod, w.container(pod, "main", {"sleep", "1000"}));
  auto before = w.starts.load();
  auto began = clock_type::now();
  kill(w.pid, SIGKILL);
  result<runtime::pod_state> state = failure{};
  while (!state && clock_type::now() - began < 20s) {
    if (w.starts > before && w.server->await_ready(10s))
      state = wait_for<runtime::pod_state>([&](auto to) { w.driver->inspect(pod.pod.uid, to); });
  }
  REQUIRE_MESSAGE(state, state.error().message);
  MESSAGE("containerd killed to its containers seen again: ",
          milliseconds(clock_type::now() - began), " ms");
  REQUIRE(state->containers.size() == 1);
  CHECK(state->containers[0].id == id);
  CHECK(state->containers[0].state == runtime::container_state::running);
  CHECK(state->sandboxes.at(0).state == runtime::sandbox_state::ready);
  // Events flow again without being asked for; until then the driver asks to be relisted often.
  auto heard = false;
  for (int i = 1; i <= 20 && !heard; ++i) {
    auto frequent = w.driver->relist_period() <= 200ms;
    auto config = w.container(pod, "main", {"true"});
    config.attempt = static_cast<std::uint32_t>(i);
    heard = w.seen.await_exit(w.start(sandbox_id, pod, config), 500ms).has_value();
    CHECK((heard || frequent));
  }
  CHECK(heard);
  w.remove(pod, sandbox_id);
}

TEST_CASE("containerd: a sandbox whose first process dies is reported and not ready") {
  auto& w = the();
  auto pod = w.sandbox("pause");
  auto sandbox_id = w.run(pod);
  REQUIRE(runtime::run({"ctr", "--address", w.server->socket(), "--namespace", "k8s.io", "task",
                        "kill", "--signal", "SIGKILL", sandbox_id},
                       10s));
  CHECK(w.seen.await_exit(sandbox_id));
  auto state = w.look(pod);
  REQUIRE(state.sandboxes.size() == 1);
  CHECK(state.sandboxes[0].state == runtime::sandbox_state::not_ready);
  w.remove(pod, sandbox_id);
}

TEST_CASE("containerd: how long a pod takes") {
  auto& w = the();
  std::vector<double> took;
  for (int i = 0; i < 7; ++i) {
    auto pod = w.sandbox("bench-" + std::to_string(i));
    auto config = w.container(pod, "main", {"sleep", "1000"});
    config.resources.cpu_shares = 100;
    config.resources.memory_bytes = 64 << 20;
    auto began = clock_type::now();
    auto sandbox_id = w.run(pod);
    auto id = w.start(sandbox_id, pod, config);
    auto state = w.look(pod);
    took.push_back(milliseconds(clock_type::now() - began));
    CHECK(state.containers.at(0).state == runtime::container_state::running);
    REQUIRE(wait_for<void>([&](auto to) { w.driver->stop_container(id, 0s, to); }));
    w.remove(pod, sandbox_id);
  }
  std::sort(took.begin(), took.end());
  MESSAGE("sandbox, container, status: median ", took[took.size() / 2], " ms");
}
