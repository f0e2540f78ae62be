#include "netd/podnet/plan.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace troupe::netd {
namespace {

const podnet_options options{.node = "n1",
                             .cluster_cidr = "10.244.0.0/16",
                             .cni_file = "/data/cni/net.d/10-troupe.conflist",
                             .ipam_dir = "/data/cni/addresses"};

host::route by(const std::string& destination, const std::string& gateway,
               const std::string& device = {}) {
  return {.destination = destination, .via = gateway, .device = device};
}

TEST_CASE("pod network: each other node's subnet is reached by its address") {
  auto plan = plan_pod_network(options, {{"n1", {"10.99.0.11", "10.244.1.0/24"}},
                                         {"n2", {"10.99.0.12", "10.244.2.0/24"}},
                                         {"n3", {"10.99.0.13", "10.244.3.0/24"}}});
  CHECK(plan.self == node_network{"10.99.0.11", "10.244.1.0/24"});
  CHECK(plan.routes
        == std::vector<host::route>{by("10.244.2.0/24", "10.99.0.12"),
                                    by("10.244.3.0/24", "10.99.0.13")});
}

TEST_CASE("pod network: which subnets have no route") {
  using nodes = std::map<std::string, node_network>;
  const node_network self{"10.99.0.11", "10.244.1.0/24"};
  struct row {
    const char* name;
    nodes all;
    std::size_t routes;
  };
  const row rows[] = {
    {"outside of the cluster's", {{"n1", self}, {"n2", {"10.99.0.12", "10.0.0.0/8"}}}, 0},
    {"the default route", {{"n1", self}, {"n2", {"10.99.0.12", "0.0.0.0/0"}}}, 0},
    {"this node's own, given twice", {{"n1", self}, {"n2", {"10.99.0.12", "10.244.1.0/24"}}}, 0},
    {"given twice elsewhere",
     {{"n1", self},
      {"n2", {"10.99.0.12", "10.244.2.0/24"}},
      {"n3", {"10.99.0.13", "10.244.2.0/24"}}},
     1},
    {"at this node's address", {{"n1", self}, {"n2", {"10.99.0.11", "10.244.2.0/24"}}}, 0},
    {"before this node has one", {{"n2", {"10.99.0.12", "10.244.2.0/24"}}}, 1},
  };
  for (const auto& r : rows) {
    CAPTURE(r.name);
    CHECK(plan_pod_network(options, r.all).routes.size() == r.routes);
  }
}

TEST_CASE("pod network: a Node has a network once it has an address and a subnet") {
  auto read = [](const std::string& cidr, const std::string& addresses) {
    auto o = api::parse_object(
      share(R"({"apiVersion":"v1","kind":"Node","metadata":{"name":"n1"},"spec":{"podCIDR":")"
            + cidr + R"("},"status":{"addresses":)" + addresses + "}}"),
      revision{1});
    REQUIRE(o.has_value());
    return network_of(*o);
  };
  const std::string addresses =
    R"([{"type":"Hostname","address":"n1"},{"type":"InternalIP","address":"10.99.0.11"}])";
  CHECK(read("10.244.1.0/24", addresses) == node_network{"10.99.0.11", "10.244.1.0/24"});
  CHECK_FALSE(read("", addresses));
  CHECK_FALSE(read("10.244.1.0/24", "[]"));
  for (const auto* bad :
       {"10.244.1.0", "10.244.1.7/24", "10.244.1.0/33", "10.244.1.0/2x", "fd00::/64"}) {
    CAPTURE(bad);
    CHECK_FALSE(read(bad, addresses));
  }
}

TEST_CASE("pod network: only pod routes are taken away, only what differs is set") {
  std::vector<host::route> own{
    by("default", "10.99.0.1", "eth0"), by("10.244.2.0/24", "10.99.0.12", "eth0"),
    by("10.244.3.0/24", "10.99.0.13", "eth0"), by("10.244.4.0/24", "10.99.0.14", "eth0")};
  std::vector<host::route> wanted{by("10.244.2.0/24", "10.99.0.12"),
                                  by("10.244.3.0/24", "10.99.0.33"),
                                  by("10.244.5.0/24", "10.99.0.15")};
  CHECK(differ(options, own, wanted)
        == route_difference{
          .set = {by("10.244.3.0/24", "10.99.0.33"), by("10.244.5.0/24", "10.99.0.15")},
          .gone = {"10.244.4.0/24"}});
  CHECK(differ(options, own, own) == route_difference{});
}

TEST_CASE("pod network: the CNI configuration names the bridge, the subnet and the port mapper") {
  auto list = nlohmann::json::parse(cni_config(options, "10.244.1.0/24", 1450));
  CHECK(list == nlohmann::json::parse(R"({
    "cniVersion": "0.4.0", "name": "troupe", "plugins": [
      {"type": "bridge", "bridge": "cbr0", "isGateway": true, "forceAddress": true,
       "ipMasq": false, "hairpinMode": true, "mtu": 1450,
       "ipam": {"type": "host-local", "dataDir": "/data/cni/addresses",
                "ranges": [[{"subnet": "10.244.1.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
      {"type": "portmap", "capabilities": {"portMappings": true}}]})"));
}

} // namespace
} // namespace troupe::netd
