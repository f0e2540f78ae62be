// Nodes and pods for the scheduler's tests.
#pragma once

#include "actors/scheduler/core.hpp"

namespace troupe::scheduler {

constexpr auto t0 = instant{} + std::chrono::hours{1000};

inline views::node_supply node(std::string name, std::int64_t cpu = 4000, std::string zone = "") {
  views::node_supply n;
  n.meta.labels = {{"kubernetes.io/hostname", name}};
  if (!zone.empty())
    n.meta.labels["zone"] = std::move(zone);
  n.meta.name = std::move(name);
  n.allocatable = {{"cpu", cpu}, {"memory", 8LL << 30}, {"pods", 10}};
  return n;
}

inline views::pod_demand pod(std::string name, std::int64_t cpu = 100) {
  views::pod_demand d;
  d.meta.ns = "default";
  d.meta.uid = "uid-" + name;
  d.meta.name = std::move(name);
  d.meta.created = t0;
  d.scheduler = "default-scheduler";
  d.requests = {{"cpu", cpu}};
  d.cpu_or_default = cpu;
  d.memory_or_default = 200LL << 20;
  return d;
}

inline api::label_requirement in(std::string key, std::vector<std::string> values) {
  return {
    .key = std::move(key), .what = api::label_requirement::test::in, .values = std::move(values)};
}

inline views::pod_term term_of(const std::string& app, std::string topology) {
  views::pod_term t;
  t.selector.all = {in("app", {app})};
  t.topology = std::move(topology);
  t.namespace_selector.nothing = true;
  return t;
}

} // namespace troupe::scheduler
