// How fast the scheduler's core decides, per second of CPU time: no store, no kubelets, one thread.
//
//   bench_scheduler_core [NODES] [PODS]        default 5000 10000
#include "actors/scheduler/core.hpp"

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <sys/resource.h>

namespace {

using namespace troupe;

constexpr auto now = instant{} + std::chrono::hours{1};

views::node_supply node(int i) {
  views::node_supply n;
  n.meta.name = "node-" + std::to_string(i);
  n.meta.labels = {{"kubernetes.io/hostname", n.meta.name},
                   {"topology.kubernetes.io/zone", "zone-" + std::to_string(i % 3)}};
  n.allocatable = {{"cpu", 32'000}, {"memory", 256LL << 30}, {"pods", 110}};
  return n;
}

views::pod_demand pod(int i, int owner) {
  views::pod_demand d;
  d.meta.ns = "default";
  d.meta.name = "pod-" + std::to_string(i);
  d.meta.uid = "uid-" + std::to_string(i);
  d.meta.labels = {{"app", "app-" + std::to_string(owner)}};
  api::owner by{.api_version = "apps/v1", .kind = "ReplicaSet", .name = "rs", .uid = {}};
  by.uid = "owner-" + std::to_string(owner);
  by.controller = true;
  d.meta.owners = {by};
  d.scheduler = "default-scheduler";
  d.requests = {{"cpu", 100}, {"memory", 500LL << 20}};
  d.cpu_or_default = 100;
  d.memory_or_default = 500LL << 20;
  return d;
}

views::pod_term like_me(int owner, const char* topology) {
  views::pod_term t;
  t.topology = topology;
  t.namespace_selector.nothing = true;
  t.selector.all = {{.key = "app",
                     .what = api::label_requirement::test::in,
                     .values = {"app-" + std::to_string(owner)}}};
  return t;
}

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

/// `shape`: turns a plain pod into one of the case.
template <class F> void run(const char* name, int nodes, int pods, int owners, F shape) {
  scheduler::core core{{.seed = 42}};
  for (int i = 0; i < nodes; ++i)
    core.put_node(node(i), now);
  auto start = cpu_seconds();
  for (int i = 0; i < pods; ++i) {
    auto d = pod(i, i % owners);
    shape(d, i % owners);
    core.put_pod(d, now);
  }
  auto taken_in = cpu_seconds() - start;
  start = cpu_seconds();
  int placed = 0;
  for (;;) {
    auto batch = core.decide(256, now);
    if (batch.empty())
      break;
    for (const auto& d : batch)
      placed += d.node.empty() ? 0 : 1;
  }
  auto decided = cpu_seconds() - start;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("%-34s %6d nodes %6d pods %5d placed   intake %8.0f/s   decisions %8.0f/s   %ld MB\n",
              name, nodes, pods, placed, pods / taken_in, pods / decided, usage.ru_maxrss / 1024);
}

} // namespace

int main(int argc, char** argv) {
  int nodes = argc > 1 ? std::atoi(argv[1]) : 5000;
  int pods = argc > 2 ? std::atoi(argv[2]) : 10000;
  auto plain = [](views::pod_demand&, int) {};
  run("plain, one template", nodes, pods, 1, plain);
  run("plain, 100 templates", nodes, pods, 100, plain);
  run("plain, a template each", nodes, pods, pods, plain);
  run("required anti-affinity, host", nodes, std::min(pods, nodes), 1,
      [](views::pod_demand& d, int owner) {
        d.anti_affinity = {like_me(owner, "kubernetes.io/hostname")};
      });
  run("required anti-affinity, 100 groups", nodes, pods, 100, [](views::pod_demand& d, int owner) {
    d.anti_affinity = {like_me(owner, "kubernetes.io/hostname")};
  });
  run("required affinity, zone", nodes, pods, 1, [](views::pod_demand& d, int owner) {
    d.affinity = {like_me(owner, "topology.kubernetes.io/zone")};
  });
  run("spread over zones, 1 apart", nodes, pods, 1, [](views::pod_demand& d, int owner) {
    auto term = like_me(owner, "topology.kubernetes.io/zone");
    d.spread = {
      {.max_skew = 1, .topology = term.topology, .required = true, .selector = term.selector}};
  });
}
