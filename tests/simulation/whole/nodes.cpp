#include "tests/simulation/whole/nodes.hpp"

#include "actors/client/failover.hpp"
#include "actors/client/types.hpp"
#include "actors/kubelet/kubelet.hpp"
#include "actors/main/link_types.hpp"

#include <algorithm>

namespace troupe::sim {
namespace {

constexpr duration ready_again = 5s; // leases and looks at the node

kubelet::machine_facts machine(const std::string& name) {
  return {.hostname = name,
          .cpus = 8,
          .memory_bytes = std::uint64_t{16} << 30,
          .memory_available = std::uint64_t{16} << 30,
          .disk_bytes = std::uint64_t{100} << 30,
          .disk_available = std::uint64_t{90} << 30,
          .inodes = 1'000'000,
          .inodes_available = 900'000,
          .architecture = "amd64"};
}

/// Containers start and end at their own pace; addresses are given once in a run.
fake::options runtime_of(cluster& c, std::size_t node, std::uint64_t life) {
  auto random = std::make_shared<random_source>(c.world.random()());
  auto span = [random](std::uint64_t least, std::uint64_t most) {
    return std::chrono::milliseconds{random->between(least, most)};
  };
  fake::options out;
  out.sandbox_start = 20ms;
  out.sandbox_stop = 10ms;
  out.pull = 100ms;
  out.behave = [span](const runtime::container_config&, const runtime::sandbox_config&) {
    return fake::behaviour{.start = span(5, 400), .on_term = span(0, 1500)};
  };
  out.address = [node, life](std::uint32_t nth) {
    return "10." + std::to_string(100 + node) + "." + std::to_string((life * 16 + nth / 250) % 250)
           + "." + std::to_string(1 + nth % 250);
  };
  return out;
}

kernel::child informer(const char* name, api::request what, const node_life& l,
                       const kernel::stable<client::informer_actor>& to) {
  client::informer_settings s{.what = std::move(what), .servers = {l.api.handle()}};
  return {.name = name,
          .spawn = [s](const kernel::place& at) { return client::spawn_informer(at, s); },
          .slot = to.slot()};
}

} // namespace

node_life::node_life(const kernel::process_ptr& p) : process(p), api(p), pods(p), services(p) {}

nodes::nodes(cluster& c, std::size_t how_many) : c_(c) {
  for (std::size_t i = 0; i < how_many; ++i) {
    all_.push_back({.name = "n" + std::to_string(i), .now = nullptr});
    start(i);
  }
}

nodes::~nodes() {
  for (auto& n : all_)
    if (n.now) {
      c_.world.crash(n.now->process);
      c_.network.unplug(n.name);
      n.now->links->stop();
    }
  c_.world.settle();
}

kernel::tree nodes::tree(std::size_t at, const std::shared_ptr<node_life>& l) {
  const auto& name = all_[at].name;
  std::vector<client::api_actor> masters;
  for (const auto& m : c_.members) {
    l->links->dial({m.name, kernel::role::master}, {m.name, 1});
    masters.push_back(l->links->import <client::api_actor>(m.name, client::api_portal));
  }
  kubelet::settings k;
  k.node.name = name;
  k.node.address = "192.168.0." + std::to_string(at + 1);
  k.data_dir = "/nowhere";
  k.cgroup_root = "/none/" + name;
  k.status_update = ready_again;
  k.resync = 20s;
  k.api = l->api;
  k.pod_informer = l->pods;
  k.service_informer = l->services;
  k.machine = machine(name);
  k.host = kubelet::make_simulated_host(k.machine);
  k.files = c_.world.make_pool(l->process, 2);
  k.probes = c_.world.make_pool(l->process, 4);
  k.runtime_name = "simulated";
  k.driver = [with = runtime_of(c_, at, all_[at].lives),
              to = l->runtime](const engine::actor_time& time) {
    *to = fake::make_driver({time.now, time.after}, with);
    return *to;
  };
  auto parts = kubelet::assemble(l->process, std::move(k));
  kernel::tree informers;
  informers.children = {informer("pods", kubelet::pods_of(name), *l, l->pods),
                        informer("services", kubelet::services_for(name), *l, l->services)};
  kernel::tree out;
  out.children = {
    {.name = "api",
     .spawn =
       [masters](const kernel::place& where) {
         return client::spawn_failover(where, [masters] { return masters; });
       },
     .slot = l->api.slot()},
    {.name = "informers", .spawn = kernel::subtree(std::move(informers))},
    {.name = "kubelet", .spawn = kernel::subtree(std::move(parts.tree))},
  };
  return out;
}

void nodes::start(std::size_t at) {
  auto& n = all_[at];
  if (n.now)
    return;
  auto process =
    c_.world.add({.who = {n.name, kernel::role::node}, .trace_bytes = std::size_t{1} << 16});
  auto l = std::make_shared<node_life>(process);
  ++n.lives;
  l->links =
    std::make_unique<kernel::links>(process, program::link_types(), c_.network.attach(process));
  process->on_fatal([this, at, l = l.get()](const std::string& path, const failure& why) {
    if (!l->doomed)
      c_.to.death(all_[at].name + ": actor " + path + " failed: " + why.message);
    c_.world.after(0ns, [this, at, l] {
      if (all_[at].now.get() == l)
        crash(at, 1s);
    });
  });
  auto started = l->links->start(std::nullopt);
  invariant(static_cast<bool>(started), "a simulated node has links");
  n.now = l;
  l->root = kernel::spawn_supervisor({.process = process}, tree(at, l));
}

void nodes::crash(std::size_t at, duration down) {
  auto& n = all_[at];
  if (!n.now)
    return;
  c_.world.crash(n.now->process);
  c_.network.unplug(n.name);
  n.now->links->stop();
  past_.push_back(std::move(n.now));
  n.now = nullptr;
  c_.world.after(down, [this, at] { start(at); });
}

bool nodes::kill_an_actor(std::size_t at) {
  if (!up(at))
    return false;
  auto& l = *all_[at].now;
  auto paths = l.process->actors();
  std::erase_if(paths, [](const auto& a) { return a.messages == 0; }); // it has not begun
  if (paths.empty())
    return false;
  auto path = paths[c_.world.random().below(paths.size())].path;
  l.doomed = path.empty() || path == "links";
  return static_cast<bool>(l.process->kill(path));
}

void nodes::set_runtime_away(std::size_t at, bool away) {
  if (up(at) && *all_[at].now->runtime)
    (*all_[at].now->runtime)->set_away(away);
}

std::vector<std::string> nodes::sandboxes(std::size_t at) {
  if (!up(at) || !*all_[at].now->runtime)
    return {};
  auto found = std::make_shared<std::optional<std::vector<std::string>>>();
  (*all_[at].now->runtime)->list([found](const result<runtime::inventory>& r) {
    found->emplace();
    if (r)
      for (const auto& s : r->sandboxes)
        (*found)->push_back(s.pod.uid);
  });
  c_.world.run_until([&] { return found->has_value(); }, 5s);
  return found->value_or(std::vector<std::string>{});
}

} // namespace troupe::sim
