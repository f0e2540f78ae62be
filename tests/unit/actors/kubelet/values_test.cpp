#include "actors/kubelet/node/status.hpp"
#include "actors/kubelet/pod/make.hpp"
#include "actors/kubelet/pod/status.hpp"
#include "actors/kubelet/pod/volumes.hpp"
#include "tests/unit/actors/kubelet/pods.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace {

using namespace troupe;
using namespace troupe::kubelet;
using namespace troupe::kubelet::testing;
using json = nlohmann::json;

json status(const pod& p, const runtime::pod_state& seen, const memory& known = {},
            const json& before = nullptr, instant now = epoch) {
  return status_of(p, seen, known, plan_pod(p, seen, known, now), {"10.99.2.1", "containerd"},
                   before, now);
}

std::string condition(const json& status, const std::string& type, const char* field = "status") {
  for (const auto& c : status["conditions"])
    if (c["type"] == type)
      return c.value(field, "");
  return "";
}

std::string value(const variables& all, const std::string& name) {
  for (const auto& [key, text] : all)
    if (key == name)
      return text;
  return "(none)";
}

node_facts a_node() {
  node_facts n;
  n.name = "n1";
  n.address = "10.99.2.1";
  n.log_root = "/d/logs";
  n.pods_root = "/d/pods";
  n.cgroup_root = "/troupe/c/n1";
  n.cluster_dns = "10.96.0.10";
  n.own_dns = {{"192.0.2.1"}, {"example.org"}, {}};
  n.memory_bytes = 8ULL << 30;
  n.allocatable = {4000, 8LL << 30, 0};
  return n;
}

} // namespace

TEST_CASE("phase: Kubernetes' words for every mix of containers") {
  auto two = R"("containers":[{"name":"a","image":"x"},{"name":"b","image":"x"}],"restartPolicy":)";
  auto always = make_pod(two + std::string(R"("Always")"));
  auto on_failure = make_pod(two + std::string(R"("OnFailure")"));
  auto never = make_pod(two + std::string(R"("Never")"));
  auto both = picture().sandbox().running("a").running("b");
  auto half = picture().sandbox().running("a");
  auto good = picture().sandbox().exited("a", 0).exited("b", 0);
  auto mixed = picture().sandbox().exited("a", 0).exited("b", 1);
  auto one_left = picture().sandbox().running("a").exited("b", 1);
  struct row {
    const char* what;
    const pod& p;
    const picture& seen;
    const char* phase;
  };
  for (const auto& r :
       {row{"nothing", always, picture(), "Pending"}, row{"both run", always, both, "Running"},
        row{"one has not begun", always, half, "Pending"},
        row{"both ended well", always, good, "Running"},
        row{"both ended well", on_failure, good, "Succeeded"},
        row{"both ended well", never, good, "Succeeded"},
        row{"one failed", always, mixed, "Running"},
        row{"one failed", on_failure, mixed, "Running"}, row{"one failed", never, mixed, "Failed"},
        row{"one failed, one runs", never, one_left, "Running"}}) {
    CAPTURE(r.what);
    CHECK(phase_of(r.p, r.seen, {}) == r.phase);
  }
}

TEST_CASE("status: what has not begun waits in the right words") {
  auto s = status(one(), picture().sandbox());
  CHECK(s["containerStatuses"][0]["state"]["waiting"]["reason"] == "ContainerCreating");
  CHECK(s["containerStatuses"][0]["image"] == "x:1");
  CHECK(s["podIP"] == "10.244.1.2");
  auto init = make_pod(R"("initContainers":[{"name":"i","image":"x"}],)"
                       R"("containers":[{"name":"a","image":"x"}])");
  s = status(init, picture().sandbox().running("i"));
  CHECK(s["containerStatuses"][0]["state"]["waiting"]["reason"] == "PodInitializing");
  CHECK(s["initContainerStatuses"][0]["state"].contains("running"));
  CHECK(condition(s, "Initialized") == "False");
  CHECK(condition(s, "Initialized", "message") == "containers with incomplete status: [i]");
  CHECK(condition(s, "PodReadyToStartContainers") == "True");
}

TEST_CASE("status: readiness is the probe's word, and every container's") {
  auto p = make_pod(R"("containers":[{"name":"a","image":"x","readinessProbe":{"tcpSocket":)"
                    R"({"port":80}}},{"name":"b","image":"x"}])");
  auto seen = picture().sandbox().running("a").running("b");
  auto s = status(p, seen);
  CHECK(condition(s, "Ready") == "False");
  CHECK(condition(s, "Ready", "message") == "containers with unready status: [a]");
  memory known;
  known.ready[id("a")] = true;
  CHECK(condition(status(p, seen, known), "Ready") == "True");
  known.ready[id("a")] = false;
  CHECK(condition(status(p, seen, known), "ContainersReady") == "False");
}

TEST_CASE("status: a crash loop waits, and shows how it ended last") {
  memory known;
  known.crash["a"] = {10s, epoch};
  auto s = status(one(), picture().sandbox().exited("a", 137, epoch, 3), known);
  const auto& c = s["containerStatuses"][0];
  CHECK(c["state"]["waiting"]["reason"] == "CrashLoopBackOff");
  CHECK(c["lastState"]["terminated"]["exitCode"] == 137);
  CHECK(c["restartCount"] == 3);
  CHECK(c["containerID"] == "containerd://a-3");
  auto running = picture().sandbox().exited("a", 2, epoch, 0).running("a", 1);
  s = status(one(), running);
  CHECK(s["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] == 2);
}

TEST_CASE("status: conditions keep the time of their last turn, and those of others stay") {
  auto seen = picture().sandbox().running("a");
  auto first = status(one(), seen);
  first["conditions"].push_back({{"type", "example.com/gate"}, {"status", "True"}});
  auto later = status(one(), seen, {}, first, epoch + 1h);
  CHECK(condition(later, "Ready", "lastTransitionTime") == api::format_time(epoch));
  CHECK(condition(later, "example.com/gate") == "True");
  auto down = status(one(), picture().sandbox().exited("a", 1), {}, later, epoch + 2h);
  CHECK(condition(down, "Ready", "lastTransitionTime") == api::format_time(epoch + 2h));
  CHECK(condition(down, "PodScheduled", "lastTransitionTime") == api::format_time(epoch));
}

TEST_CASE("status: readiness gates must be True, whoever sets them") {
  auto p = one(R"(,"readinessGates":[{"conditionType":"example.com/gate"}])");
  auto seen = picture().sandbox().running("a");
  CHECK(condition(status(p, seen), "Ready", "reason") == "ReadinessGatesNotReady");
  CHECK(condition(status(p, seen), "ContainersReady") == "True");
  json before = {{"conditions", {{{"type", "example.com/gate"}, {"status", "True"}}}}};
  CHECK(condition(status(p, seen, {}, before), "Ready") == "True");
}

TEST_CASE("status: a pod that was refused has a reason and no containers") {
  memory known;
  known.ended = waiting{"OutOfcpu", "too big"};
  auto s = status(one(), {}, known);
  CHECK(s["phase"] == "Failed");
  CHECK(s["reason"] == "OutOfcpu");
  CHECK_FALSE(s.contains("containerStatuses"));
}

TEST_CASE("environment: literals see what stands before them") {
  auto p = make_pod(R"("containers":[{"name":"a","image":"x","env":[{"name":"A","value":"1"},)"
                    R"({"name":"B","value":"$(A)-$$(A)-$(NO)-$("},)"
                    R"({"name":"A","value":"2"}]}])");
  auto env = environment_of(p, p.containers[0], {}, {}, {});
  REQUIRE(env);
  CHECK(value(*env, "B") == "1-$(A)-$(NO)-$(");
  CHECK(value(*env, "A") == "2");
}

TEST_CASE("environment: fields, resources, keys") {
  auto p = make_pod(
    R"("containers":[{"name":"a","image":"x","resources":{"limits":{"cpu":"1500m"}},"env":[)"
    R"({"name":"NS","valueFrom":{"fieldRef":{"fieldPath":"metadata.namespace"}}},)"
    R"({"name":"IP","valueFrom":{"fieldRef":{"fieldPath":"status.podIP"}}},)"
    R"({"name":"CPU","valueFrom":{"resourceFieldRef":{"resource":"limits.cpu"}}},)"
    R"({"name":"MEM","valueFrom":{"resourceFieldRef":{"resource":"limits.memory","divisor":"1Mi"}}},)"
    R"({"name":"K","valueFrom":{"configMapKeyRef":{"name":"c","key":"k"}}},)"
    R"({"name":"O","valueFrom":{"secretKeyRef":{"name":"s","key":"k","optional":true}}}],)"
    R"("envFrom":[{"prefix":"P_","configMapRef":{"name":"c"}}]}])");
  surroundings around{"n1", "10.99.2.1", {"10.244.1.2"}, {4000, 8LL << 30, 0}};
  references known = {{{false, "c"}, {{"k", "v"}}}};
  auto env = environment_of(p, p.containers[0], known, {}, around);
  REQUIRE_MESSAGE(env, env.error().message);
  CHECK(value(*env, "NS") == "default");
  CHECK(value(*env, "IP") == "10.244.1.2");
  CHECK(value(*env, "CPU") == "2");
  CHECK(value(*env, "MEM") == "8192");
  CHECK(value(*env, "K") == "v");
  CHECK(value(*env, "P_k") == "v");
  CHECK(value(*env, "O") == "(none)");
  CHECK(needed(p) == std::set<reference>{{false, "c"}, {true, "s"}});
  env = environment_of(p, p.containers[0], {}, {}, around);
  CHECK(env.error().message == "configmap \"c\" not found");
  env = environment_of(p, p.containers[0], {{{false, "c"}, {}}}, {}, around);
  CHECK(env.error().message == "couldn't find key k in ConfigMap default/c");
}

TEST_CASE("environment: the Services of the namespace, and always the API's") {
  std::vector<service> all = {{"default", "kubernetes", "10.96.0.1", {{"https", "TCP", 443}}},
                              {"default", "my-db", "10.96.0.9", {{"", "TCP", 5432}}},
                              {"default", "headless", "None", {{"", "TCP", 1}}},
                              {"other", "far", "10.96.0.8", {{"", "TCP", 1}}}};
  auto env = environment_of(one(), one().containers[0], {}, all, {});
  CHECK(value(*env, "KUBERNETES_SERVICE_HOST") == "10.96.0.1");
  CHECK(value(*env, "KUBERNETES_SERVICE_PORT_HTTPS") == "443");
  CHECK(value(*env, "MY_DB_PORT_5432_TCP") == "tcp://10.96.0.9:5432");
  CHECK(value(*env, "MY_DB_PORT_5432_TCP_ADDR") == "10.96.0.9");
  CHECK(value(*env, "FAR_SERVICE_HOST") == "(none)");
  CHECK(value(*env, "HEADLESS_SERVICE_HOST") == "(none)");
  auto quiet = one(R"(,"enableServiceLinks":false)");
  env = environment_of(quiet, quiet.containers[0], {}, all, {});
  CHECK(value(*env, "MY_DB_SERVICE_HOST") == "(none)");
  CHECK(value(*env, "KUBERNETES_SERVICE_HOST") == "10.96.0.1");
}

TEST_CASE("make: classes of service decide on cgroup, weights and who dies first") {
  auto pod_with = [](const std::string& resources) {
    return make_pod(R"("containers":[{"name":"a","image":"x","resources":)" + resources + "}]");
  };
  auto best = pod_with("{}");
  auto burst = pod_with(R"({"requests":{"cpu":"250m","memory":"2Gi"}})");
  auto sure = pod_with(R"({"limits":{"cpu":"500m","memory":"1Gi"}})");
  CHECK(cgroup_of(best, a_node()) == "/troupe/c/n1/kubepods/besteffort/podu1");
  CHECK(cgroup_of(burst, a_node()) == "/troupe/c/n1/kubepods/burstable/podu1");
  CHECK(cgroup_of(sure, a_node()) == "/troupe/c/n1/kubepods/podu1");
  auto of = [&](const pod& p) { return resources_of(p, p.containers[0], a_node().memory_bytes); };
  CHECK(of(best) == runtime::resources{2, 0, 0, 0, 1000});
  CHECK(of(burst) == runtime::resources{256, 0, 0, 0, 750});
  CHECK(of(sure) == runtime::resources{512, 50000, 100000, 1LL << 30, -997});
}

TEST_CASE("make: DNS follows the policy") {
  auto dns = [](const std::string& more) { return make_sandbox(one(more), a_node(), 0).dns; };
  CHECK(dns("")
        == runtime::dns_config{
          {"10.96.0.10"},
          {"default.svc.cluster.local", "svc.cluster.local", "cluster.local", "example.org"},
          {"ndots:5"}});
  CHECK(dns(R"(,"dnsPolicy":"Default")") == a_node().own_dns);
  CHECK(dns(R"(,"hostNetwork":true)") == a_node().own_dns);
  CHECK(dns(R"(,"dnsPolicy":"None","dnsConfig":{"nameservers":["192.0.2.7"],)"
            R"("options":[{"name":"ndots","value":"1"}]})")
        == runtime::dns_config{{"192.0.2.7"}, {}, {"ndots:1"}});
}

TEST_CASE("make: security of pod and container, and who may not be root") {
  auto p =
    make_pod(R"("securityContext":{"runAsUser":1000,"fsGroup":7,"runAsNonRoot":true,)"
             R"("seccompProfile":{"type":"RuntimeDefault"}},"containers":[{"name":"a",)"
             R"("image":"x","securityContext":{"runAsUser":2000,"capabilities":{"drop":["ALL"]},)"
             R"("allowPrivilegeEscalation":false}}])");
  runtime::image image;
  image.id = "i";
  references none;
  std::vector<service> services;
  std::vector<std::string> addresses = {"10.244.1.2"};
  auto node = a_node();
  auto made = make_container({p, p.containers[0], node, 1, image, none, services, addresses});
  REQUIRE(made);
  CHECK(made->security.run_as_user == 2000);
  CHECK(made->security.groups == std::vector<std::int64_t>{7});
  CHECK(made->security.no_new_privileges);
  CHECK(made->security.drop_capabilities == std::vector<std::string>{"ALL"});
  CHECK(made->security.seccomp.what == runtime::seccomp::profile::runtime_default);
  CHECK(made->security.namespaces.pid == runtime::namespace_mode::container);
  CHECK(made->log_path == "a/1.log");
  CHECK(made->annotations.at(runtime::label::restart_count) == "1");
  auto root = make_pod(R"("securityContext":{"runAsNonRoot":true},)"
                       R"("containers":[{"name":"a","image":"x"}])");
  made = make_container({root, root.containers[0], node, 0, image, none, services, addresses});
  CHECK(made.error().message == "container has runAsNonRoot and image will run as root");
  image.user = 65534;
  CHECK(make_container({root, root.containers[0], node, 0, image, none, services, addresses}));
}

TEST_CASE("make: names of images") {
  for (const auto* good : {"busybox", "busybox:1.35", "localhost:5000/a/b:c",
                           "Registry.example/x@sha256:0123", "docker.io/library/x"})
    CHECK_MESSAGE(check_image_name(good), good);
  for (const auto* bad : {"", "UPPER", "a b", "x:", "/x", "a//b", "x:tag:tag!"})
    CHECK_MESSAGE(!check_image_name(bad), bad);
  auto policy = [](const std::string& image) {
    container c;
    c.image = image;
    return effective_pull(c);
  };
  CHECK(policy("x") == pull_policy::always);
  CHECK(policy("host:5000/x") == pull_policy::always);
  CHECK(policy("x:latest") == pull_policy::always);
  CHECK(policy("x:1") == pull_policy::if_not_present);
  CHECK(policy("x@sha256:00") == pull_policy::if_not_present);
}

TEST_CASE("credentials: the pod's secrets, the longest registry that matches") {
  auto p = one(R"(,"imagePullSecrets":[{"name":"s"},{"name":"gone"}])");
  references known = {
    {{true, "s"},
     {{".dockerconfigjson",
       R"({"auths":{"reg.example":{"auth":"dTpwOnE="},"reg.example/team":{"username":"t",)"
       R"("password":"w"},"https://index.docker.io/v1/":{"username":"d","password":"e"}}})"}}}};
  auto user = [&](const char* image) {
    auto found = credentials_for(p, image, known);
    return found ? found->user + "/" + found->password : std::string("nobody");
  };
  CHECK(user("reg.example/x:1") == "u/p:q");
  CHECK(user("reg.example/team/x") == "t/w");
  CHECK(user("reg.example.org/x") == "nobody");
  CHECK(user("busybox") == "d/e");
  CHECK(credentials_for(one(), "busybox", known) == std::nullopt);
  CHECK(needed(p).contains({true, "s"}));
}

TEST_CASE("volumes: directories, shown keys, and what is not supported says so") {
  auto p = make_pod(R"("containers":[{"name":"a","image":"x"}],"volumes":[)"
                    R"({"name":"e","emptyDir":{"medium":"Memory","sizeLimit":"1Mi"}},)"
                    R"({"name":"h","hostPath":{"path":"/srv","type":"Directory"}},)"
                    R"({"name":"c","configMap":{"name":"c","items":[{"key":"k","path":"p/q"}]}},)"
                    R"({"name":"d","downwardAPI":{"items":[{"path":"name","fieldRef":)"
                    R"({"fieldPath":"metadata.name"}}]}}])");
  references known = {{{false, "c"}, {{"k", "v"}}}};
  auto made = preparation_of(p, a_node(), known, {"10.244.1.2"});
  REQUIRE_MESSAGE(made, made.error().message);
  CHECK(made->paths == std::vector<path_to_check>{{"/srv", "Directory"}});
  CHECK(std::count(made->directories.begin(), made->directories.end(),
                   directory_to_make{"/d/pods/u1/volumes/e", 0777, true, 1 << 20, -1})
        == 1);
  CHECK(made->contents
        == std::vector<content_to_show>{{"/d/pods/u1/volumes/c", {{"p/q", "v", 0644}}},
                                        {"/d/pods/u1/volumes/d", {{"name", "p", 0644}}}});
  CHECK(made->files[0].content.find("10.244.1.2\tp\n") != std::string::npos);
  made = preparation_of(p, a_node(), {}, {});
  CHECK(made.error().message
        == "MountVolume.SetUp failed for volume \"c\" : configmap \"c\" not found");
  auto nfs = one(R"(,"volumes":[{"name":"n","nfs":{"server":"s","path":"/"}}])");
  made = preparation_of(nfs, a_node(), {}, {});
  CHECK(made.error().message.find("of the kind nfs") != std::string::npos);
}

TEST_CASE("node: admission counts what is asked for, ports and selectors") {
  auto small = make_pod(R"("containers":[{"name":"a","image":"x","ports":[{"containerPort":80,)"
                        R"("hostPort":8080}],"resources":{"requests":{"memory":"1Gi"}}}])");
  auto big = make_pod(R"("containers":[{"name":"a","image":"x","resources":)"
                      R"({"requests":{"memory":"2Gi"}}}])");
  auto picky = one(R"(,"nodeSelector":{"disk":"ssd"})");
  amounts room{4000, 2LL << 30, 0};
  CHECK_FALSE(refuse(big, {}, room, 110, {}));
  CHECK(refuse(big, {&small}, room, 110, {})->reason == "OutOfmemory");
  CHECK(refuse(small, {&small}, room, 110, {})->reason == "NodePorts");
  CHECK(refuse(one(), {&small}, room, 1, {})->reason == "OutOfpods");
  CHECK(refuse(picky, {}, room, 110, {})->reason == "NodeAffinity");
  CHECK_FALSE(refuse(picky, {}, room, 110, {{"disk", "ssd"}}));
}

TEST_CASE("node: a pod's request is its most demanding moment") {
  auto p =
    make_pod(R"("initContainers":[{"name":"i","image":"x","resources":{"requests":)"
             R"({"cpu":"3"}}},{"name":"s","image":"x","restartPolicy":"Always","resources":)"
             R"({"requests":{"cpu":"1"}}}],"containers":[{"name":"a","image":"x","resources":)"
             R"({"requests":{"cpu":"500m"}}},{"name":"b","image":"x","resources":)"
             R"({"limits":{"cpu":"250m"}}}])");
  CHECK(requests_of(p).cpu_milli == 3000);
  p.init.erase(p.init.begin());
  CHECK(requests_of(p).cpu_milli == 1750);
}

TEST_CASE("node: not Ready says why, and only turns change the status") {
  node_settings settings;
  settings.name = "n1";
  node_reading reading;
  reading.machine = {.cpus = 2, .memory_bytes = 4ULL << 30, .memory_available = 2ULL << 30};
  reading.health = {true, false, {}, "cni plugin not initialized"};
  auto first = node_status(settings, reading, nullptr, epoch);
  CHECK(condition(first, "Ready") == "False");
  CHECK(condition(first, "Ready", "message")
        == "container runtime network not ready: cni plugin not initialized");
  reading.health.network_ready = true;
  auto second = node_status(settings, reading, first, epoch + 1s);
  CHECK(condition(second, "Ready") == "True");
  CHECK(differs(first, second));
  auto third = node_status(settings, reading, second, epoch + 1h);
  CHECK_FALSE(differs(second, third));
  CHECK(condition(third, "Ready", "lastTransitionTime") == api::format_time(epoch + 1s));
  reading.machine.memory_available = 1 << 20;
  CHECK(condition(node_status(settings, reading, third, epoch), "MemoryPressure") == "True");
}
