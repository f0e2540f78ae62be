#include "actors/main/up/layout.hpp"
#include "actors/main/up/state.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <set>
#include <unistd.h>

namespace troupe::up {
namespace {

settings::up wanted(std::uint32_t masters, std::uint32_t nodes) {
  settings::up out;
  out.data_dir = "/var/lib/c";
  out.masters = masters;
  out.nodes = nodes;
  return out;
}

layout planned(std::uint32_t masters, std::uint32_t nodes, bool namespaces) {
  auto l = plan(wanted(masters, nodes),
                {.program = "/usr/bin/troupe", .namespaces = namespaces, .api_port = 6443});
  REQUIRE(l);
  return *l;
}

TEST_CASE("layout: masters, nodes and balancers have names and addresses of their own") {
  auto l = planned(3, 2, true);
  std::set<std::string> names;
  std::set<std::string> addresses;
  for (const auto& p : l.processes) {
    names.insert(p.name);
    if (p.kind != kind::balancer)
      addresses.insert(p.address);
  }
  CHECK(names
        == std::set<std::string>{"balancer-1", "balancer-2", "master-1", "master-2", "master-3",
                                 "node-1", "node-2"});
  CHECK(addresses.size() == 5);
  CHECK(l.bridge_cidr == "10.222.0.1/16");
  CHECK(l.find("master-2")->address == "10.222.1.2");
  CHECK(l.find("node-1")->address == "10.222.2.1");
  CHECK_FALSE(l.find("master-9"));
}

TEST_CASE("layout: every master knows all masters, and its certificate covers its address and the "
          "balancer's") {
  auto l = planned(3, 0, true);
  REQUIRE(l.masters.size() == 3);
  for (const auto& m : l.masters)
    CHECK(m.masters.size() == 3);
  CHECK(l.masters[1].masters[2].address == "10.222.1.3:7443");
  CHECK(l.certificates.masters[0].ips == std::vector<std::string>{"10.222.1.1", "127.0.0.1"});
}

TEST_CASE("layout: in namespaces a node is a machine of its own, a master has its own network") {
  auto l = planned(1, 1, true);
  const auto* node = l.find("node-1");
  CHECK((node->apart.network && node->apart.mount && node->apart.process));
  CHECK(node->apart.veth.size() <= 15);
  CHECK(node->command[1] == "enter");
  const auto* master = l.find("master-1");
  CHECK((master->apart.network && !master->apart.process));
}

TEST_CASE("layout: without root everything is on loopback and nodes are simulated") {
  auto l = planned(3, 2, false);
  CHECK(l.bridge.empty());
  for (const auto& p : l.processes) {
    CHECK(p.address.starts_with("127."));
    CHECK_FALSE(p.apart.network);
  }
  CHECK(l.nodes[0].runtime == settings::runtime_kind::simulated);
  CHECK(l.find("master-1")->command[1] == "master");
}

TEST_CASE("layout: two data directories have two bridges") {
  CHECK(bridge_name("/a") != bridge_name("/b"));
  CHECK(bridge_name("/a").size() <= 15);
}

TEST_CASE("layout: a fabric that is no range is refused with an example") {
  auto w = wanted(3, 2);
  w.fabric_cidr = "10.222.0.0";
  auto l = plan(w, {.program = "/usr/bin/troupe", .namespaces = true, .api_port = 1});
  REQUIRE_FALSE(l);
  CHECK(l.error().message.find("10.222.0.0/16") != std::string::npos);
}

TEST_CASE("layout: a fabric among the services' addresses is refused: its traffic would be too") {
  auto w = wanted(3, 2);
  w.fabric_cidr = "10.99.0.0/16"; // in 10.96.0.0/12
  auto l = plan(w, {.program = "/usr/bin/troupe", .namespaces = true, .api_port = 1});
  REQUIRE_FALSE(l);
  CHECK(l.error().message.find("10.96.0.0/12") != std::string::npos);
}

TEST_CASE("state: what is saved is loaded again; a missing file says that no cluster was started") {
  auto dir =
    std::filesystem::temp_directory_path() / ("troupe-state-test." + std::to_string(getpid()));
  std::filesystem::create_directories(dir);
  auto file = (dir / "up.json").string();
  CHECK(load_state(file).error().reason == reason::not_found);
  state s{.pid = 7,
          .api_port = 6443,
          .bridge = "tr1",
          .processes = {{.name = "node-1",
                         .kind = "node",
                         .pid = 9,
                         .address = "10.222.2.1",
                         .port = 10250,
                         .restarts = 2,
                         .put_down = true,
                         .removed = true}}};
  REQUIRE(save(s, file));
  auto back = load_state(file);
  REQUIRE(back);
  CHECK(back->pid == 7);
  CHECK(back->processes[0].put_down);
  CHECK(back->processes[0].removed);
  CHECK(back->processes[0].restarts == 2);
  std::filesystem::remove_all(dir);
}

} // namespace
} // namespace troupe::up
