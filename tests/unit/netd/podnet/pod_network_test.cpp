#include "netd/host/link.hpp"
#include "netd/host/sysctl.hpp"
#include "netd/podnet/pod_network.hpp"
#include "netd/proxy/nftables/table.hpp"
#include "tests/unit/netd/podnet/spaces.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace troupe::netd {
namespace {

using spaces::expect;
using spaces::space;
using spaces::within;

struct folder {
  std::string path;
  folder() {
    char name[] = "/tmp/troupe-podnet.XXXXXX";
    path = mkdtemp(name);
  }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  ~folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

podnet_options options_of(const folder& data, const std::string& node) {
  return {.node = node,
          .cluster_cidr = "10.244.0.0/16",
          .cni_file = data.path + "/net.d/10-troupe.conflist",
          .ipam_dir = data.path + "/addresses"};
}

const std::map<std::string, node_network> nodes{{"n1", {"10.99.0.11", "10.244.1.0/24"}},
                                                {"n2", {"10.99.0.12", "10.244.2.0/24"}}};

bool is_root() {
  if (geteuid() == 0)
    return true;
  MESSAGE("skipped: needs root to make network namespaces");
  return false;
}

result<void> join_fabric(const std::string& address) {
  CHECK_RETURN(host::set_up("lo"));
  CHECK_RETURN(host::add_address("eth0", address));
  return host::set_up("eth0");
}

nlohmann::json read_json(const std::string& path) {
  std::ifstream in(path);
  return nlohmann::json::parse(in, nullptr, false);
}

/// What a runtime does for a pod, with the first plugin of the list. In the node's namespace.
result<void> add_pod(const folder& data, const space& pod, const std::string& id) {
  auto list = read_json(data.path + "/net.d/10-troupe.conflist");
  CHECK_RETURN(expect(list.is_object(), "the CNI configuration is JSON"));
  auto plugin = list["plugins"][0];
  plugin["cniVersion"] = list["cniVersion"];
  plugin["name"] = list["name"];
  std::ofstream(data.path + "/" + id + ".in") << plugin.dump();
  setenv("CNI_COMMAND", "ADD", 1);
  setenv("CNI_CONTAINERID", id.c_str(), 1);
  setenv("CNI_NETNS", pod.path().c_str(), 1);
  setenv("CNI_IFNAME", "eth0", 1);
  setenv("CNI_PATH", "/usr/lib/cni", 1);
  auto command =
    "/usr/lib/cni/bridge < " + data.path + "/" + id + ".in > " + data.path + "/" + id + ".out";
  return expect(system(command.c_str()) == 0, "the bridge plugin adds the pod");
}

std::string address_of(const folder& data, const std::string& id) {
  auto text = read_json(data.path + "/" + id + ".out")["ips"][0].value("address", "");
  return text.substr(0, text.find('/'));
}

TEST_CASE("host gateway: routes, kernel settings and the CNI file are set, healed, taken back") {
  if (!is_root())
    return;
  folder data;
  space here;
  space fabric;
  CHECK(within(fabric, [&]() -> result<void> {
    CHECK_RETURN(host::create_bridge("fab0", ""));
    return host::create_veth("v1", "fab0", "eth0", here.pid());
  }));
  CHECK(within(here, [&]() -> result<void> {
    CHECK_RETURN(join_fabric("10.99.0.11/24"));
    CHECK_RETURN(host::replace_route({.destination = "default", .via = "10.99.0.1", .device = {}}));
    CHECK_RETURN(host::write_sysctl("net/ipv4/ip_forward", "0"));
    auto options = options_of(data, "n1");
    host_gateway gateway{options};
    auto plan = plan_pod_network(options, nodes);
    CHECK_RETURN(gateway.apply({}));
    CHECK_RETURN(expect(!std::filesystem::exists(options.cni_file), "no subnet, no CNI file"));
    CHECK_RETURN(gateway.apply(plan));
    auto written = std::filesystem::last_write_time(options.cni_file);
    CHECK_RETURN(expect(read_json(options.cni_file)["plugins"][0]["mtu"] == 1500, "the MTU"));
    OR_RETURN(auto routes, host::own_routes());
    CHECK_RETURN(expect(routes.size() == 2, "the default route and one pod route"));
    CHECK_RETURN(host::delete_route("10.244.2.0/24"));
    CHECK_RETURN(gateway.apply(plan));
    OR_RETURN(routes, host::own_routes());
    CHECK_RETURN(expect(routes.size() == 2, "the pod route is back"));
    CHECK_RETURN(expect(std::filesystem::last_write_time(options.cni_file) == written,
                        "the CNI file is not written again"));
    OR_RETURN(auto forward, host::read_sysctl("net/ipv4/ip_forward"));
    CHECK_RETURN(expect(forward == "1", "packets are forwarded"));
    CHECK_RETURN(host::create_bridge("cbr0", "10.244.1.1/24")); // as the plugin does
    CHECK_RETURN(gateway.close());
    OR_RETURN(routes, host::own_routes());
    CHECK_RETURN(
      expect(routes.size() == 1 && routes[0].via == "10.99.0.1", "only the default route is left"));
    CHECK_RETURN(expect(!std::filesystem::exists(options.cni_file), "the CNI file is gone"));
    CHECK_RETURN(expect(!host::link_exists("cbr0"), "the bridge is gone"));
    OR_RETURN(forward, host::read_sysctl("net/ipv4/ip_forward"));
    return expect(forward == "0", "the setting is as it was found");
  }));
}

TEST_CASE("host gateway: one node that cannot be reached does not keep the others out") {
  if (!is_root())
    return;
  folder data;
  space here;
  space fabric;
  CHECK(within(fabric, [&]() -> result<void> {
    CHECK_RETURN(host::create_bridge("fab0", ""));
    return host::create_veth("v1", "fab0", "eth0", here.pid());
  }));
  CHECK(within(here, [&]() -> result<void> {
    CHECK_RETURN(join_fabric("10.99.0.11/24"));
    auto all = nodes;
    all["elsewhere"] = {"192.0.2.1", "10.244.9.0/24"};
    auto options = options_of(data, "n1");
    host_gateway gateway{options};
    auto done = gateway.apply(plan_pod_network(options, all));
    CHECK_RETURN(expect(!done && done.error().message.find("10.244.9.0/24") != std::string::npos,
                        "the failure names the subnet"));
    OR_RETURN(auto routes, host::own_routes());
    CHECK_RETURN(expect(routes.size() == 1, "the other route is there"));
    return expect(std::filesystem::exists(options.cni_file), "and the CNI file");
  }));
}

TEST_CASE("pod network: pods of two nodes reach each other, also by a cluster IP on one bridge") {
  if (!is_root())
    return;
  if (!std::filesystem::exists("/usr/lib/cni/bridge")) {
    MESSAGE("skipped: needs the CNI plugins in /usr/lib/cni");
    return;
  }
  folder data1;
  folder data2;
  space fabric;
  space node1;
  space node2;
  space a; // pods: a and b on n1, c on n2
  space b;
  space c;
  CHECK(within(fabric, [&]() -> result<void> {
    CHECK_RETURN(host::create_bridge("fab0", ""));
    CHECK_RETURN(host::create_veth("v1", "fab0", "eth0", node1.pid()));
    return host::create_veth("v2", "fab0", "eth0", node2.pid());
  }));
  auto start = [&](const folder& data, const std::string& name,
                   const std::string& address) -> result<void> {
    CHECK_RETURN(join_fabric(address));
    auto options = options_of(data, name);
    return host_gateway{options}.apply(plan_pod_network(options, nodes));
  };
  CHECK(within(node1, [&]() -> result<void> {
    CHECK_RETURN(start(data1, "n1", "10.99.0.11/24"));
    CHECK_RETURN(add_pod(data1, a, "a"));
    return add_pod(data1, b, "b");
  }));
  CHECK(within(node2, [&]() -> result<void> {
    CHECK_RETURN(start(data2, "n2", "10.99.0.12/24"));
    return add_pod(data2, c, "c");
  }));
  auto ip_a = address_of(data1, "a");
  auto ip_b = address_of(data1, "b");
  auto ip_c = address_of(data2, "c");
  CHECK(ip_a.starts_with("10.244.1."));
  CHECK(ip_c.starts_with("10.244.2."));
  // A server answers with the address that it sees: a pod keeps its own on the way.
  spaces::server on_b{b, 8080};
  spaces::server on_c{c, 8080};
  CHECK(within(a, [&] { return expect(spaces::asked(ip_c, 8080) == ip_a, "a reaches c"); }));
  CHECK(within(a, [&] { return expect(spaces::asked(ip_b, 8080) == ip_a, "a reaches b"); }));
  CHECK(within(node1, [&]() -> result<void> {
    OR_RETURN(auto table, nft_table::open({.cluster_cidr = "10.244.0.0/16",
                                           .service_cidr = "10.96.0.0/12",
                                           .no_masquerade = {}}));
    auto serve = [&](const std::string& ip) {
      route_changes out;
      out.services["default/web"] = std::make_shared<const std::vector<service_route>>(
        std::vector<service_route>{{.name = "default/web:",
                                    .cluster_ip = "10.96.0.20",
                                    .port = 80,
                                    .endpoints = {{ip, 8080}}}});
      return table->apply(out);
    };
    auto reached = [&](const space& from, const std::string& seen, const char* what) {
      return expect(
        within(from, [&] { return expect(spaces::asked("10.96.0.20", 80) == seen, what); }), what);
    };
    CHECK_RETURN(serve(ip_b));
    CHECK_RETURN(reached(a, ip_a, "a reaches b, its neighbour, by the cluster IP"));
    CHECK_RETURN(reached(b, "10.244.1.1", "b reaches itself by the cluster IP"));
    CHECK_RETURN(serve(ip_c));
    return reached(a, ip_a, "a reaches c on the other node by the cluster IP");
  }));
}

} // namespace
} // namespace troupe::netd
