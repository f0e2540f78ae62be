// A kubelet of actors on a real containerd, in namespaces of its own (see
// runtime/containerd/main.cpp).
#include "actors/api/http/client.hpp"
#include "actors/kernel/actor.hpp"
#include "actors/kubelet/kubelet.hpp"
#include "actors/kubelet/server/server.hpp"
#include "runtime/containerd/server.hpp"
#include "runtime/cri/driver.hpp"
#include "runtime/host/process.hpp"
#include "runtime/image/pause_image.hpp"
#include "runtime/stream/log_reader.hpp"
#include "tests/unit/actors/kubelet/small_api.hpp"
#include "tests/unit/runtime/containerd/node.hpp"

#include <caf/scoped_actor.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

namespace {

using namespace troupe;
using namespace troupe::kubelet;
using namespace troupe::kubelet::testing;
using json = nlohmann::json;
using clock_type = std::chrono::steady_clock;

double milliseconds(clock_type::duration d) {
  return std::chrono::duration<double, std::milli>(d).count();
}

/// Runs a function on the actors' only thread and waits for what it returns.
struct errand {
  using local_only = void;
  std::function<void()> run;
};
using errand_actor = caf::typed_actor<proto::tell<errand>>;

struct one_thread : caf::actor_system_config {
  one_thread() { kernel::configure(*this, 1); }
};

/// One containerd, one kubelet, one small API: for all tests of this program.
class machine {
public:
  machine() : system_(config_) {
    process_ = kernel::process::make(system_, {.who = {"n1", kernel::role::node}},
                                     kernel::make_system_clock());
    auto home = test_node::directory();
    auto started = containerd::start({.root = home + "/containerd",
                                      .state = "/run/troupe/containerd",
                                      .cni_conf = home + "/cni",
                                      .sandbox_image = image::pause_name});
    REQUIRE_MESSAGE(started, started.error().message);
    server_ = std::move(*started);
    REQUIRE(server_->await_ready(20s));
    REQUIRE(server_->import_bytes(image::pause_archive()));
    REQUIRE(runtime::run({TROUPE_SOURCE_DIR "/examples/images/build", home + "/images"}, 60s));
    for (const auto* name : {"busybox", "hello"})
      REQUIRE(server_->import_file(home + "/images/" + name + ".tar"));
    errands_ = kernel::spawn<errand_actor, kernel::stateless>(
      at("errands"), [](kernel::self_ptr<errand_actor, kernel::stateless>) {
        return errand_actor::behavior_type{[](const errand& m) { m.run(); }};
      });
    api_->on_change = [this] {
      std::lock_guard lock(mutex_);
      ++changes_;
      changed_.notify_all();
    };
    kubelet::settings s;
    s.node.name = "n1";
    s.node.address = "127.0.0.1";
    s.data_dir = home;
    s.log_bytes = 128U << 10;
    s.log_files = 3;
    s.log_period = 500ms;
    s.cgroup_root = test_node::cgroup();
    s.api = spawn_api(at("api"), api_);
    s.pod_informer = testing::spawn_informer(at("pods"), api_, "pods");
    s.host = make_host(home, "/etc/resolv.conf");
    s.machine = s.host->facts().value();
    driver = cri::make_driver({.socket = server_->socket()});
    s.driver = [same = driver](const engine::actor_time&) { return same; };
    s.files = kernel::make_blocking_pool("files", 2);
    s.probes = kernel::make_blocking_pool("probes", 2);
    auto parts = assemble(process_, s);
    root_ = kernel::spawn_supervisor(at("kubelet"), parts.tree);
    auto answers = spawn_server(at("server"), {.manager = parts.manager,
                                               .engine = parts.engine,
                                               .node = parts.facts,
                                               .readers = kernel::make_blocking_pool("logs", 2)});
    auto web =
      http::server::start({}, std::nullopt, [answers](http::request r, http::responder to) {
        kernel::tell(answers, asked{std::make_shared<const http::request>(std::move(r)), to});
      });
    REQUIRE_MESSAGE(web, web.error().message);
    web_ = std::move(*web);
    client = std::make_unique<http::client>(
      http::client_settings{.host = "127.0.0.1", .port = web_->port()}, std::nullopt);
  }

  std::shared_ptr<runtime::driver> driver;
  std::unique_ptr<http::client> client; // of the kubelet's own server

  /// Everything of the small API is touched on the actors' thread only.
  template <class F> auto with_api(F f) {
    std::promise<decltype(f(*api_))> promise;
    auto future = promise.get_future();
    kernel::tell(errands_, errand{[&] {
                   if constexpr (std::is_void_v<decltype(f(*api_))>) {
                     f(*api_);
                     promise.set_value();
                   } else {
                     promise.set_value(f(*api_));
                   }
                 }});
    return future.get();
  }

  void create(const std::string& name, const std::string& spec) {
    with_api([&](small_api& api) {
      api.put("pods",
              json::parse(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":")" + name
                          + R"(","namespace":"default"},"spec":{"nodeName":"n1",)" + spec + "}}"));
    });
  }
  json status(const std::string& name) {
    return with_api([&](small_api& api) { return api.status(name); });
  }
  void remove(const std::string& name, std::int64_t grace) {
    with_api([&](small_api& api) { api.remove_pod(name, grace, process_->now()); });
  }
  /// Looks after each change in the API until it holds or 20 s have passed.
  bool until(const std::function<bool()>& holds) {
    auto end = clock_type::now() + 20s;
    while (clock_type::now() < end) {
      std::unique_lock lock(mutex_);
      auto seen = changes_;
      lock.unlock();
      if (holds())
        return true;
      lock.lock();
      changed_.wait_for(lock, 50ms, [&] { return changes_ != seen; });
    }
    return false;
  }
  bool runs(const std::string& name) { return status(name).value("phase", "") == "Running"; }
  bool gone(const std::string& name) {
    return with_api([&](small_api& api) { return api.find("pods/default/" + name) == nullptr; });
  }
  std::string log_of(const std::string& name, const std::string& container) {
    auto directory = test_node::directory() + "/logs/pods/default_" + name + "_uid-" + name + "/";
    auto path = stream::find_log(directory + container, false);
    std::string out;
    if (path)
      (void)!stream::read_log({*path}, {}, [&](std::string piece) {
        out += piece;
        return true;
      });
    return out;
  }

private:
  kernel::place at(const std::string& path) { return {.process = process_, .path = path}; }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t changes_ = 0;
  one_thread config_;
  caf::actor_system system_;
  kernel::process_ptr process_;
  std::unique_ptr<containerd::server> server_;
  std::shared_ptr<small_api> api_ = std::make_shared<small_api>();
  errand_actor errands_;
  kernel::supervisor_actor root_;
  std::unique_ptr<http::server> web_;
};

machine& the() {
  static auto* one = new machine; // ends with the namespaces
  return *one;
}

} // namespace

TEST_CASE("kubelet on containerd: a pod's life, with its environment, volumes and log") {
  auto& m = the();
  m.with_api([](small_api& api) {
    api.put("configmaps", json::parse(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":)"
                                      R"({"name":"c","namespace":"default"},"data":{"k":"v"}})"));
  });
  m.create("story",
           R"("containers":[{"name":"a","image":"busybox:1.35","command":["sh","-c",)"
           R"("echo $(NAME) $IP; cat /conf/k; echo; echo x > /tmp/e/f; hostname;)"
           R"( grep -c story /etc/hosts; exec sleep 1000"],)"
           R"("env":[{"name":"NAME","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}},)"
           R"({"name":"IP","valueFrom":{"fieldRef":{"fieldPath":"status.podIP"}}}],)"
           R"("volumeMounts":[{"name":"conf","mountPath":"/conf"},)"
           R"({"name":"e","mountPath":"/tmp/e"}]}],)"
           R"("volumes":[{"name":"conf","configMap":{"name":"c"}},)"
           R"({"name":"e","emptyDir":{}}])");
  REQUIRE(m.until([&] { return m.runs("story"); }));
  auto ip = m.status("story")["podIP"].get<std::string>();
  CHECK(m.until([&] { return m.log_of("story", "a") == "story " + ip + "\nv\nstory\n1\n"; }));
  INFO(m.log_of("story", "a"));
  m.remove("story", 0);
  CHECK(m.until([&] { return m.gone("story"); }));
  CHECK(
    m.until([&] { return !std::filesystem::exists(test_node::directory() + "/pods/uid-story"); }));
}

TEST_CASE("kubelet on containerd: logs over HTTP, whole, cut and followed to the end") {
  auto& m = the();
  m.create("talks",
           R"("restartPolicy":"Never","containers":[{"name":"a","image":"busybox:1.35",)"
           R"("command":["sh","-c","for i in 1 2 3 4 5; do echo line $i; sleep 0.2; done"]}])");
  REQUIRE(m.until([&] { return m.runs("talks"); }));
  auto get = [&](const std::string& query) {
    return m.client->ask({.target = "/containerLogs/default/talks/a" + query}, 20s);
  };
  auto followed = get("?follow=true");
  REQUIRE_MESSAGE(followed, followed.error().message);
  CHECK(followed->code == 200);
  const std::string all = "line 1\nline 2\nline 3\nline 4\nline 5\n";
  CHECK(*followed->body == all);
  CHECK(*get("")->body == all);
  CHECK(*get("?tailLines=2")->body == "line 4\nline 5\n");
  CHECK(*get("?limitBytes=8")->body == "line 1\nl");
  CHECK(get("?tailLines=many")->code == 400);
  CHECK(get("?previous=true")->code == 400);
  CHECK(m.client->ask({.target = "/containerLogs/default/nobody/a"}, 5s)->code == 404);
  auto pods = m.client->ask({.target = "/pods"}, 5s);
  REQUIRE(pods);
  CHECK(json::parse(*pods->body)["items"].size() >= 1);
  m.remove("talks", 0);
  CHECK(m.until([&] { return m.gone("talks"); }));
}

TEST_CASE("kubelet on containerd: long logs are rotated, followed across, and old ones dropped") {
  auto& m = the();
  m.create("writes", R"("restartPolicy":"Never","containers":[{"name":"a","image":"busybox:1.35",)"
                     R"("command":["sh","-c","i=0; while [ $i -lt 9000 ]; do echo $i 0123456789;)"
                     R"( i=$((i+1)); [ $((i % 100)) = 0 ] && sleep 0.03; done"]}])");
  auto directory = test_node::directory() + "/logs/pods/default_writes_uid-writes/a/";
  REQUIRE(m.until([&] { return m.runs("writes"); }));
  auto followed = m.client->ask({.target = "/containerLogs/default/writes/a?follow=true"}, 60s);
  REQUIRE_MESSAGE(followed, followed.error().message);
  CHECK(followed->body->starts_with("0 0123456789\n"));
  CHECK(followed->body->ends_with("8999 0123456789\n"));
  CHECK(std::count(followed->body->begin(), followed->body->end(), '\n') == 9000);
  auto files = std::distance(std::filesystem::directory_iterator(directory), {});
  CHECK(files > 1);
  CHECK(files <= 3);
  m.remove("writes", 0);
  CHECK(m.until([&] { return m.gone("writes"); }));
}

TEST_CASE("kubelet on containerd: exec over an upgraded connection") {
  auto& m = the();
  m.create("inside",
           R"("containers":[{"name":"a","image":"busybox:1.35","command":["sleep","1000"]}])");
  REQUIRE(m.until([&] { return m.runs("inside"); }));
  http::request ask{.target = "/exec/default/inside/a?command=echo&command=hi%20there&stdout=true"};
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
         {"Connection", "Upgrade"},
         {"Upgrade", "websocket"},
         {"Sec-WebSocket-Version", "13"},
         {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
         {"Sec-WebSocket-Protocol", "v4.channel.k8s.io"},
         {"Origin", "http://127.0.0.1"}})
    ask.fields.add(name, value);
  auto refused = m.client->ask({.target = "/exec/default/inside/a?command=true"}, 5s);
  CHECK(refused->code == 400);
  auto received = std::make_shared<std::promise<std::string>>();
  auto future = received->get_future();
  auto bytes = std::make_shared<std::string>();
  auto kept = std::make_shared<std::optional<http::duplex>>(); // a dropped tunnel is closed
  m.client->upgrade(ask, 20s, [received, bytes, kept](result<http::client::upgraded> r) {
    if (!r || !r->tunnel)
      return received->set_value(r ? "code " + std::to_string(r->head.code) : r.error().message);
    *kept = *r->tunnel;
    r->tunnel->on_data([received, bytes](std::string_view piece) {
      if (piece.empty()) {
        received->set_value(*bytes);
        return false;
      }
      *bytes += piece;
      return true;
    });
  });
  REQUIRE(future.wait_for(20s) == std::future_status::ready);
  auto frames = future.get();
  std::string hex;
  for (unsigned char c : frames) {
    char two[4];
    std::snprintf(two, sizeof two, "%02x ", c);
    hex += two;
  }
  INFO(hex);
  CHECK(frames.find("\x01hi there\n") != std::string::npos); // a frame of channel 1, the output
  CHECK(frames.find(R"("status":"Success")") != std::string::npos);
  m.remove("inside", 0);
  CHECK(m.until([&] { return m.gone("inside"); }));
}

TEST_CASE("kubelet on containerd: words of failure") {
  auto& m = the();
  m.create("nocmd", R"("containers":[{"name":"a","image":"busybox:1.35","command":["/nothing"]}])");
  m.create("noimage", R"("containers":[{"name":"a","image":"no.such.host/x:1",)"
                      R"("imagePullPolicy":"IfNotPresent"}])");
  m.create("never", R"("containers":[{"name":"a","image":"x:1","imagePullPolicy":"Never"}])");
  m.create("bad", R"("containers":[{"name":"a","image":"UPPER CASE"}])");
  m.create("root", R"("containers":[{"name":"a","image":"busybox:1.35",)"
                   R"("securityContext":{"runAsNonRoot":true}}])");
  auto reason = [&](const std::string& pod) {
    auto s = m.status(pod);
    if (!s.contains("containerStatuses"))
      return std::string();
    auto state = s["containerStatuses"][0]["state"];
    return state.contains("waiting") ? state["waiting"].value("reason", "") : std::string();
  };
  CHECK(m.until([&] { return reason("nocmd") == "RunContainerError"; }));
  CHECK(m.until([&] { return reason("noimage") == "ImagePullBackOff"; }));
  CHECK(m.until([&] { return reason("never") == "ErrImageNeverPull"; }));
  CHECK(m.until([&] { return reason("bad") == "InvalidImageName"; }));
  CHECK(m.until([&] { return reason("root") == "CreateContainerConfigError"; }));
  for (const auto* name : {"nocmd", "noimage", "never", "bad", "root"})
    m.remove(name, 0);
  for (const auto* name : {"nocmd", "noimage", "never", "bad", "root"})
    CHECK(m.until([&] { return m.gone(name); }));
}

TEST_CASE("kubelet on containerd: a container's end is in its status soon") {
  auto& m = the();
  m.create("exits", R"("restartPolicy":"Never","containers":[{"name":"a","image":"busybox:1.35",)"
                    R"("command":["sh","-c","sleep 1; cat /proc/uptime; exit 3"]}])");
  auto seen = 0.0;
  REQUIRE(m.until([&] {
    std::ifstream("/proc/uptime") >> seen;
    return m.status("exits").value("phase", "") == "Failed";
  }));
  CHECK(m.status("exits")["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 3);
  auto took = (seen - std::stod(m.log_of("exits", "a"))) * 1000;
  MESSAGE("end of a container to its status in the API: ", took, " ms");
  CHECK(took < 500); // of which the runtime's own books take up to 100 ms on a busy machine
  m.remove("exits", 0);
  CHECK(m.until([&] { return m.gone("exits"); }));
}

namespace {

/// The same pod without a kubelet: sandbox, container, start.
double bare_pod(runtime::driver& driver, const std::string& name) {
  using test_node::wait_for;
  runtime::sandbox_config pod;
  pod.pod = {name, "default", "bare"}; // no label: no kubelet takes it for an orphan
  pod.hostname = name;
  pod.log_directory = test_node::directory() + "/logs/" + name;
  std::filesystem::create_directories(pod.log_directory + "/a");
  pod.cgroup_parent = test_node::cgroup() + "/bare";
  runtime::container_config c;
  c.name = "a";
  c.image = "docker.io/library/busybox:1.35";
  c.command = {"sleep", "1000"};
  c.log_path = "a/0.log";
  auto began = clock_type::now();
  auto sandbox = wait_for<std::string>([&](auto to) { driver.run_sandbox(pod, to); });
  REQUIRE(sandbox);
  auto made =
    wait_for<std::string>([&](auto to) { driver.create_container(*sandbox, c, pod, to); });
  REQUIRE(made);
  REQUIRE(wait_for<void>([&](auto to) { driver.start_container(*made, to); }));
  auto took = milliseconds(clock_type::now() - began);
  REQUIRE(wait_for<void>([&](auto to) { driver.stop_sandbox(*sandbox, to); }));
  REQUIRE(wait_for<void>([&](auto to) { driver.remove_sandbox(*sandbox, to); }));
  return took;
}

} // namespace

TEST_CASE("kubelet on containerd: how long from bound to Running, beside the runtime alone") {
  auto& m = the();
  std::vector<double> took;
  std::vector<double> bare;
  for (int i = 0; i < 9; ++i) { // in turn: the machine is not equally busy all the time
    auto name = "bench-" + std::to_string(i);
    bare.push_back(bare_pod(*m.driver, "bare-" + std::to_string(i)));
    auto began = clock_type::now();
    m.create(name, R"("containers":[{"name":"a","image":"busybox:1.35","command":["sleep","1000"],)"
                   R"("resources":{"limits":{"cpu":"100m","memory":"64Mi"}}}])");
    REQUIRE(m.until([&] { return m.runs(name); }));
    took.push_back(milliseconds(clock_type::now() - began));
    m.remove(name, 0);
    REQUIRE(m.until([&] { return m.gone(name); }));
  }
  std::sort(took.begin(), took.end());
  std::sort(bare.begin(), bare.end());
  MESSAGE("bound to Running: median ", took[4], " ms, best ", took[0],
          " ms; the runtime alone: ", bare[4], " ms, best ", bare[0], " ms");
}
