#include "actors/kubelet/kubelet.hpp"
#include "runtime/fake/driver.hpp"
#include "tests/unit/actors/kubelet/small_api.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace {

using namespace troupe;
using namespace troupe::kubelet;
using namespace troupe::kubelet::testing;
using json = nlohmann::json;

/// One kubelet on the simulated runtime, before a small API.
struct node {
  explicit node(fake::options with = {}, std::uint64_t seed = 1)
      : world(seed)
      , api(std::make_shared<small_api>())
      , runtime(std::make_shared<std::shared_ptr<fake::driver>>()) {
    kubelet::settings s;
    s.node.name = "n1";
    s.node.address = "10.99.2.1";
    s.data_dir = "/nowhere";
    s.api = spawn_api(world.at("api"), api);
    s.pod_informer = testing::spawn_informer(world.at("pods"), api, "pods");
    s.service_informer = testing::spawn_informer(world.at("services"), api, "services");
    s.runtime_name = "simulated";
    s.driver = [with, at = runtime](const engine::actor_time& time) {
      *at = fake::make_driver({time.now, time.after}, with);
      return *at;
    };
    s.machine = {.hostname = "n1",
                 .cpus = 4,
                 .memory_bytes = 8ULL << 30,
                 .memory_available = 8ULL << 30,
                 .disk_bytes = 100ULL << 30,
                 .disk_available = 90ULL << 30,
                 .architecture = "amd64"};
    s.host = make_simulated_host(s.machine);
    s.files = world.world.make_pool(world.process, 2);
    s.probes = world.world.make_pool(world.process, 4);
    auto parts = assemble(world.process, s);
    root = kernel::spawn_supervisor(world.at("kubelet"), parts.tree);
  }

  void create(const std::string& name, const std::string& spec) {
    api->put("pods",
             json::parse(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":")" + name
                         + R"(","namespace":"default"},"spec":{"nodeName":"n1",)" + spec + "}}"));
  }
  std::string phase(const std::string& pod) { return api->status(pod).value("phase", ""); }
  json container(const std::string& pod, std::size_t index = 0) {
    return api->status(pod).at("containerStatuses").at(index);
  }
  std::string condition(const std::string& pod, const std::string& type) {
    auto status = api->status(pod);
    for (const auto& c : status.value("conditions", json::array()))
      if (c["type"] == type)
        return c["status"];
    return "";
  }
  bool told(const std::string& reason) {
    auto all = api->events();
    return std::find(all.begin(), all.end(), reason) != all.end();
  }
  bool until(const std::function<bool()>& holds, duration within = 60s) {
    return world.world.run_until(holds, within);
  }
  runtime::inventory inventory() {
    runtime::inventory out;
    auto answered = false;
    (*runtime)->list([&](const result<runtime::inventory>& r) {
      out = *r;
      answered = true;
    });
    until([&] { return answered; });
    return out;
  }

  deterministic world;
  std::shared_ptr<small_api> api;
  std::shared_ptr<std::shared_ptr<fake::driver>> runtime;
  kernel::supervisor_actor root;
};

const std::string plain = R"("containers":[{"name":"a","image":"x:1"}])";

} // namespace

TEST_CASE("kubelet: a node registers, becomes Ready and renews its lease") {
  node n;
  REQUIRE(n.until(
    [&] {
      const auto* found = n.api->find("nodes//n1");
      return found != nullptr && found->contains("status");
    },
    2s));
  const auto& status = (*n.api->find("nodes//n1"))["status"];
  for (const auto& c : status["conditions"])
    CHECK(c["status"] == (c["type"] == "Ready" ? "True" : "False"));
  CHECK(status["capacity"]["cpu"] == "4");
  CHECK(status["addresses"][0]["address"] == "10.99.2.1");
  REQUIRE(n.until([&] { return n.api->find("leases/kube-node-lease/n1") != nullptr; }, 1s));
  auto renewed = (*n.api->find("leases/kube-node-lease/n1"))["spec"]["renewTime"];
  n.world.advance(11s);
  CHECK((*n.api->find("leases/kube-node-lease/n1"))["spec"]["renewTime"] != renewed);
}

TEST_CASE("kubelet: a node that another marked Unknown says again that it is Ready") {
  node n;
  auto ready = [&] {
    const auto* found = n.api->find("nodes//n1");
    if (found == nullptr || !found->contains("status"))
      return std::string{};
    for (const auto& c : (*found)["status"]["conditions"])
      if (c["type"] == "Ready")
        return c["status"].get<std::string>();
    return std::string{};
  };
  REQUIRE(n.until([&] { return ready() == "True"; }, 5s));
  for (auto& c : n.api->objects.at("nodes//n1")["status"]["conditions"])
    c["status"] = "Unknown";
  CHECK(n.until([&] { return ready() == "True"; }, 15s));
}

TEST_CASE("kubelet: quiet nodes write their lease and nothing else") {
  node n;
  n.create("p", plain);
  n.world.advance(1min);
  auto patched = [&](const char* what) { return n.api->requests[what]; };
  auto pods = patched("patch pods/status");
  auto nodes = patched("patch nodes/status");
  n.world.advance(4min);
  CHECK(patched("patch pods/status") == pods);
  CHECK(patched("patch nodes/status") - nodes <= 1);
  CHECK(patched("patch leases") >= 29);
}

TEST_CASE("kubelet: a pod goes from bound to Running and Ready, and says so") {
  node n({.sandbox_start = 100ms});
  n.create("p", plain);
  REQUIRE(n.until([&] { return n.phase("p") == "Running"; }, 5s));
  CHECK(n.condition("p", "Ready") == "True");
  CHECK(n.condition("p", "PodScheduled") == "True");
  auto c = n.container("p");
  CHECK(c["ready"] == true);
  CHECK(c["restartCount"] == 0);
  CHECK(c["state"].contains("running"));
  CHECK(c["containerID"].get<std::string>().starts_with("simulated://"));
  auto status = n.api->status("p");
  CHECK(status["podIP"].get<std::string>().starts_with("10.88."));
  CHECK(status["hostIP"] == "10.99.2.1");
  CHECK(status["qosClass"] == "BestEffort");
  n.world.advance(2s);
  for (const auto* reason : {"Pulling", "Pulled", "Created", "Started"})
    CHECK_MESSAGE(n.told(reason), reason);
}

TEST_CASE("kubelet: deletion ends the containers with grace, then the object, then all remains") {
  node n({.behave = [](const auto&, const auto&) {
    return fake::behaviour{.on_term = 3s, .term_code = 0};
  }});
  n.create("p", plain);
  REQUIRE(n.until([&] { return n.phase("p") == "Running"; }));
  n.api->remove_pod("p", 30, n.world.now());
  n.world.advance(2s);
  CHECK(n.phase("p") == "Running");
  CHECK(n.told("Killing"));
  n.world.advance(2s);
  CHECK(n.api->find("pods/default/p") == nullptr);
  n.world.advance(2s);
  CHECK(n.inventory() == runtime::inventory{});
}

TEST_CASE("kubelet: a shorter grace takes effect at once") {
  node n({.behave = [](const auto&, const auto&) { return fake::behaviour{.on_term = 1h}; }});
  n.create("p", plain);
  REQUIRE(n.until([&] { return n.phase("p") == "Running"; }));
  n.api->remove_pod("p", 300, n.world.now());
  n.world.advance(10s);
  REQUIRE(n.api->find("pods/default/p") != nullptr);
  n.api->remove_pod("p", 1, n.world.now());
  n.world.advance(3s);
  CHECK(n.api->find("pods/default/p") == nullptr);
}

TEST_CASE("kubelet: a crashing container is restarted ever later and says CrashLoopBackOff") {
  node n({.behave = [](const auto&, const auto&) {
    return fake::behaviour{.runs = 1s, .exit_code = 2};
  }});
  n.create("p", plain);
  REQUIRE(n.until([&] {
    auto status = n.api->status("p");
    return status.contains("containerStatuses")
           && status["containerStatuses"][0]["state"].contains("waiting")
           && status["containerStatuses"][0]["state"]["waiting"]["reason"] == "CrashLoopBackOff";
  }));
  CHECK(n.container("p")["restartCount"] == 1);
  CHECK(n.container("p")["lastState"]["terminated"]["exitCode"] == 2);
  CHECK(n.phase("p") == "Running");
  CHECK(n.condition("p", "Ready") == "False");
  n.world.advance(9s);
  CHECK(n.container("p")["restartCount"] == 1);
  n.world.advance(2s); // ten seconds after its end it was started again
  CHECK(n.container("p")["restartCount"] == 2);
  n.world.advance(10s);
  CHECK(n.container("p")["restartCount"] == 2);
  n.world.advance(15s);
  CHECK(n.container("p")["restartCount"] == 3);
  CHECK(n.told("BackOff"));
}

TEST_CASE("kubelet: jobs succeed or fail, and stay that way") {
  node n({.behave = [](const auto& c, const auto&) {
    return fake::behaviour{.runs = 2s, .exit_code = c.image == "bad:1" ? 3 : 0};
  }});
  n.create("good", plain + R"(,"restartPolicy":"Never")");
  n.create("bad", R"("containers":[{"name":"a","image":"bad:1"}],"restartPolicy":"Never")");
  REQUIRE(n.until([&] { return n.phase("good") == "Succeeded" && n.phase("bad") == "Failed"; }));
  CHECK(n.container("good")["state"]["terminated"]["reason"] == "Completed");
  CHECK(n.container("bad")["state"]["terminated"]["reason"] == "Error");
  n.world.advance(2min);
  CHECK(n.container("bad")["restartCount"] == 0);
  for (const auto& s : n.inventory().sandboxes)
    CHECK(s.state == runtime::sandbox_state::not_ready);
}

TEST_CASE("kubelet: an image that is not there shows ImagePullBackOff, and runs once it is") {
  auto there = std::make_shared<bool>(false);
  node n({.can_pull = [there](const std::string&) { return *there; }});
  n.create("p", plain);
  auto waiting = [&] {
    auto status = n.api->status("p");
    return status.contains("containerStatuses") ? status["containerStatuses"][0]["state"]
                                                    .value("waiting", json::object())
                                                    .value("reason", "")
                                                : "";
  };
  CHECK(n.until([&] { return waiting() == "ErrImagePull"; }));
  CHECK(n.until([&] { return waiting() == "ImagePullBackOff"; }));
  CHECK(n.phase("p") == "Pending");
  *there = true;
  CHECK(n.until([&] { return n.phase("p") == "Running"; }));
}

TEST_CASE("kubelet: a pod waits for the ConfigMap that it names") {
  node n;
  n.create("p", R"("containers":[{"name":"a","image":"x:1","env":[{"name":"K","valueFrom":)"
                R"({"configMapKeyRef":{"name":"c","key":"k"}}}]}])");
  REQUIRE(n.until([&] {
    auto status = n.api->status("p");
    return status.contains("containerStatuses")
           && status["containerStatuses"][0]["state"]["waiting"]["reason"]
                == "CreateContainerConfigError";
  }));
  CHECK(n.container("p")["state"]["waiting"]["message"] == "configmap \"c\" not found");
  n.api->put("configmaps", json::parse(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":)"
                                       R"({"name":"c","namespace":"default"},"data":{"k":"v"}})"));
  CHECK(n.until([&] { return n.phase("p") == "Running"; }));
}

TEST_CASE("kubelet: the sandbox's death restarts the pod, a container's death only it") {
  node n;
  n.create("p", R"("containers":[{"name":"a","image":"x:1"},{"name":"b","image":"x:1"}])");
  REQUIRE(n.until([&] { return n.condition("p", "Ready") == "True"; }));
  auto all = n.inventory();
  auto a = std::find_if(all.containers.begin(), all.containers.end(),
                        [](const auto& c) { return c.name == "a"; });
  (*n.runtime)->end(a->id, 1);
  n.world.advance(1s);
  CHECK(n.container("p", 0)["restartCount"] == 1);
  CHECK(n.container("p", 1)["restartCount"] == 0);
  auto address = n.api->status("p")["podIP"];
  (*n.runtime)->lose_sandbox(all.sandboxes[0].id);
  REQUIRE(n.until([&] {
    return n.api->status("p").contains("podIP") && n.api->status("p")["podIP"] != address
           && n.condition("p", "Ready") == "True";
  }));
  CHECK(n.container("p", 1)["restartCount"] == 1);
  CHECK(n.told("SandboxChanged"));
}

TEST_CASE("kubelet: probes decide on readiness and on restarts") {
  auto ready = std::make_shared<bool>(false);
  auto alive = std::make_shared<bool>(true);
  node n({.exec = [ready, alive](const auto&, const std::vector<std::string>& command) {
    auto good = command[0] == "ready" ? *ready : *alive;
    return runtime::exec_outcome{good ? 0 : 1, {}, {}};
  }});
  n.create("p", R"("containers":[{"name":"a","image":"x:1",)"
                R"("readinessProbe":{"exec":{"command":["ready"]},"periodSeconds":1},)"
                R"("livenessProbe":{"exec":{"command":["alive"]},"periodSeconds":1,)"
                R"("failureThreshold":2}}],"terminationGracePeriodSeconds":0)");
  REQUIRE(n.until([&] { return n.phase("p") == "Running"; }));
  n.world.advance(5s);
  CHECK(n.condition("p", "Ready") == "False");
  *ready = true;
  CHECK(n.until([&] { return n.condition("p", "Ready") == "True"; }, 3s));
  *alive = false;
  CHECK(n.until([&] { return n.container("p")["restartCount"] == 1; }, 5s));
  CHECK(n.told("Unhealthy"));
  *alive = true;
  CHECK(n.until([&] { return n.condition("p", "Ready") == "True"; }, 30s));
}

TEST_CASE("kubelet: a pod that another marked as not ready is ready again, at any second") {
  node n;
  n.create("p", plain);
  REQUIRE(n.until([&] { return n.condition("p", "Ready") == "True"; }));
  for (int i = 0; i < 3; ++i) {
    auto pod = *n.api->find("pods/default/p");
    for (auto& c : pod["status"]["conditions"])
      if (c["type"] == "Ready")
        c["status"] = "False"; // as the node controller does when the node is out of sight
    n.api->put("pods", pod);
    CHECK(n.until([&] { return n.condition("p", "Ready") == "True"; }, 1s));
    n.world.advance(700ms * i);
  }
  auto told = n.api->requests["patch pods/status"];
  n.world.advance(10s);
  CHECK(n.api->requests["patch pods/status"] == told);
}

TEST_CASE("kubelet: what a runtime lost while its actor was down is noticed at once") {
  node n;
  n.create("p", plain);
  REQUIRE(n.until([&] { return n.phase("p") == "Running"; }));
  n.world.advance(2s);
  REQUIRE(n.world.process->kill("kubelet/engine")); // the simulated runtime forgets all
  n.world.advance(8s);                              // far below the period of looking anyway
  CHECK(n.inventory().containers.size() == 1);
  CHECK(n.condition("p", "Ready") == "True");
}

TEST_CASE("kubelet: what does not fit is refused with the numbers") {
  node n;
  auto big = R"("containers":[{"name":"a","image":"x:1","resources":{"requests":{"cpu":"3"}}}])";
  n.create("first", big);
  REQUIRE(n.until([&] { return n.phase("first") == "Running"; }));
  n.create("second", big);
  REQUIRE(n.until([&] { return n.phase("second") == "Failed"; }));
  CHECK(n.api->status("second")["reason"] == "OutOfcpu");
  CHECK(n.api->status("second")["message"]
        == "Node didn't have enough resource: cpu, requested: 3000, used: 3000, capacity: 4000");
}

TEST_CASE("kubelet: a restarted kubelet adopts what runs and ends what nobody knows") {
  node n;
  n.create("p", plain);
  n.create("q", plain);
  REQUIRE(n.until([&] { return n.phase("p") == "Running" && n.phase("q") == "Running"; }));
  auto before = n.inventory();
  // The manager dies, and with it all workers; meanwhile q is deleted.
  REQUIRE(n.world.process->kill("kubelet/work/manager"));
  n.api->subscribers.clear();
  n.api->objects.erase("pods/default/q");
  n.world.advance(20s);
  auto after = n.inventory();
  REQUIRE(after.containers.size() == 1);
  CHECK(std::count(before.containers.begin(), before.containers.end(), after.containers[0]) == 1);
  CHECK(n.phase("p") == "Running");
  CHECK(n.container("p")["restartCount"] == 0);
}

TEST_CASE("kubelet: any of its actors may die; pods do not notice") {
  node n;
  for (const auto* name : {"a", "b", "c"})
    n.create(name, plain);
  n.world.advance(2s);
  auto before = n.inventory();
  for (const auto& path :
       {"kubelet/node", "kubelet/recorder", "kubelet/work/manager", "kubelet/work/pods"}) {
    CAPTURE(path);
    REQUIRE(n.world.process->kill(path));
    n.world.advance(30s);
    CHECK(n.inventory() == before);
  }
  n.api->remove_pod("a", 1, n.world.now());
  n.world.advance(20s);
  CHECK(n.api->find("pods/default/a") == nullptr);
  CHECK(n.inventory().containers.size() == 2);
}
