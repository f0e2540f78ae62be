#include "config/settings/settings.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace troupe::settings {
namespace {

TEST_CASE("settings: defaults hold their own rules, and only what must be given is missing") {
  CHECK(check(up{}).has_value());
  auto why = check(master{});
  REQUIRE(!why.has_value());
  REQUIRE(why.error().causes.size() == 1);
  CHECK(why.error().causes[0].field == "dataDir");
  CHECK(check(master{.data_dir = "/x"}).has_value());
  CHECK(check(node{.data_dir = "/x"}).has_value());
}

TEST_CASE("settings: a dump is read back as the same value") {
  master m{.name = "m2", .data_dir = "/var/lib/a \"b\"\n"};
  m.masters = {{"m1", "10.0.0.1:7443"}, {"m2", "10.0.0.2:7443"}};
  m.node_monitor_grace = 1min + 30s + 5ms;
  m.enable_admission = {"A", "B"};
  m.net.node_port_first = 31000;
  m.anonymous = false;
  CHECK(*parse<master>(dump(m)) == m);
  node n{.name = "n", .data_dir = "/x"};
  n.labels = {{"zone", "a: b"}, {"empty", ""}};
  n.network = pod_network::host_gw;
  n.runtime = runtime_kind::simulated;
  CHECK(*parse<node>(dump(n)) == n);
  up u{.masters = 5};
  u.node.max_pods = 250;
  u.master.election_timeout = 300ms;
  CHECK(*parse<up>(dump(u)) == u);
}

TEST_CASE("settings: later sources win, and lists are taken from text and from YAML") {
  std::string file = (std::filesystem::temp_directory_path() / "troupe-settings-XXXXXX").string();
  REQUIRE(mkstemp(file.data()) >= 0);
  std::ofstream{file} << "dataDir: /a\nnodeMonitorPeriod: 1s\nnodeMonitorGracePeriod: 20\n"
                         "masters: [m1=a:1, m2=b:2]\nserviceNodePortRange: 30000-30100\n";
  auto got = load<master>({.file = file,
                           .environment = {{"TROUPE_NODE_MONITOR_PERIOD", "2s"},
                                           {"TROUPE_ETCD_CA_FILE", "/ca"},
                                           {"TROUPE_CLUSTER_CIDR", "10.1.0.0/16"},
                                           {"TROUPE_UNKNOWN", "ignored"}},
                           .sets = {"nodeMonitorPeriod=3s", "controllers=*,-job"}});
  REQUIRE(got.has_value());
  CHECK(got->node_monitor_period == 3s);
  CHECK(got->node_monitor_grace == 20s);
  CHECK(got->etcd_ca_file == "/ca");
  CHECK(got->net.pod_cidr == "10.1.0.0/16");
  CHECK(got->net.node_port_last == 30100);
  CHECK(got->masters == std::vector<peer>{{"m1", "a:1"}, {"m2", "b:2"}});
  CHECK(got->controllers == std::vector<std::string>{"*", "-job"});
  std::filesystem::remove(file);
  CHECK(load<master>({.file = file}).error().reason == reason::not_found);
}

TEST_CASE("settings: an unknown key is refused with the nearest known one") {
  auto why = parse<master>("dataDir: /x\nnodeMonitorPerod: 5s\n");
  REQUIRE(!why.has_value());
  CHECK(why.error().reason == reason::invalid);
  CHECK(why.error().message
        == "the settings: unknown key \"nodeMonitorPerod\", did you mean \"nodeMonitorPeriod\"?");
  CHECK(load<master>({.sets = {"dataDir=/x", "entirelyElse=1"}}).error().message
        == "--set: unknown key \"entirelyElse\"");
  CHECK(load<up>({.sets = {"electiontimeout=1s"}}).error().message.find("\"electionTimeout\"")
        != std::string::npos);
}

TEST_CASE("settings: of `up`, a plain key goes to whoever knows it, a prefix to one kind") {
  auto u = *load<up>({.sets = {"clusterCIDR=10.9.0.0/16", "node.linkDeadAfter=2s", "masters=1",
                               "nodeStatusUpdateFrequency=1s", "master.name=x"}});
  CHECK(u.master.net.pod_cidr == "10.9.0.0/16");
  CHECK(u.node.net.pod_cidr == "10.9.0.0/16");
  CHECK(u.node.link.dead_after == 2s);
  CHECK(u.master.link.dead_after == 1s);
  CHECK(u.masters == 1);
  CHECK(u.master.masters.empty());
  CHECK(u.node.status_update == 1s);
  auto nested = *parse<up>("nodes: 7\nnode:\n  maxPods: 9\nmaster: {electionTimeout: 1s}\n");
  CHECK(nested.nodes == 7);
  CHECK(nested.node.max_pods == 9);
  CHECK(nested.master.election_timeout == 1s);
}

TEST_CASE("settings: values that do not fit their type are refused with the key") {
  for (const auto* line :
       {"securePort: 65536", "securePort: x", "anonymousAuth: yes", "nodeMonitorPeriod: 5 parsecs",
        "nodeMonitorPeriod: ''", "serviceNodePortRange: 30000", "masters: [a]", "name: [a, b]",
        "nodeMonitorPeriod: -1s"}) {
    CAPTURE(line);
    auto why = parse<master>(std::string{"dataDir: /x\n"} + line);
    REQUIRE(!why.has_value());
    REQUIRE(why.error().causes.size() == 1);
    CHECK(std::string_view{line}.starts_with(why.error().causes[0].field + ":"));
  }
  CHECK(load<node>({.sets = {"dataDir=/x", "proxyMode=magic"}}).error().message
        == "--set: proxyMode: expected one of nftables, iptables, ipvs, userspace, none, got "
           "\"magic\"");
}

TEST_CASE("settings: rules between values are checked, all at once") {
  auto broken = [](const char* text, const char* key) {
    CAPTURE(text);
    auto why = parse<master>(std::string{"dataDir: /x\n"} + text);
    REQUIRE(!why.has_value());
    CHECK(why.error().causes.at(0).field == key);
  };
  broken("clusterCIDR: 10.100.0.0/16", "serviceClusterIPRange"); // 10.96.0.0/12 holds it
  broken("clusterCIDR: nonsense", "clusterCIDR");
  broken("clusterDNS: 10.244.0.1", "clusterDNS");
  broken("serviceNodePortRange: 32767-30000", "serviceNodePortRange");
  broken("raftHeartbeatInterval: 400ms", "raftHeartbeatInterval");
  broken("linkDeadAfter: 300ms", "linkDeadAfter");
  broken("nodeMonitorGracePeriod: 5s", "nodeMonitorGracePeriod");
  broken("nodeCIDRMaskSize: 16", "nodeCIDRMaskSize");
  broken("name: Master_1", "name");
  auto two = parse<master>("dataDir: /x\nname: A\nlinkDeadAfter: 1ms");
  CHECK(two.error().causes.size() == 2);
  CHECK(load<up>({.sets = {"masters=2"}}).error().causes.at(0).field == "masters");
  CHECK(load<up>({.sets = {"addons=dns,fancy"}}).error().causes.at(0).field == "addons");
}

TEST_CASE("settings: an etcd cluster is named by addresses, with what its TLS needs") {
  auto load_with = [](std::vector<std::string> sets) {
    sets.push_back("dataDir=/x");
    return load<master>({.sets = std::move(sets)});
  };
  auto good = load_with({"etcdServers=10.0.0.1:2379,e2:2379", "etcdCAFile=/ca"});
  REQUIRE(good.has_value());
  CHECK(good->etcd_servers == std::vector<std::string>{"10.0.0.1:2379", "e2:2379"});
  CHECK(good->etcd_prefix == "/troupe");
  auto refused = [&](std::vector<std::string> sets, const char* key) {
    auto why = load_with(std::move(sets));
    REQUIRE(!why.has_value());
    REQUIRE(why.error().causes.size() == 1);
    CHECK(why.error().causes.front().field == key);
  };
  refused({"etcdServers=https://10.0.0.1:2379"}, "etcdServers");
  refused({"etcdServers=10.0.0.1"}, "etcdServers");
  refused({"etcdCertFile=/c", "etcdKeyFile=/k"}, "etcdCAFile");
  refused({"etcdCAFile=/ca", "etcdCertFile=/c"}, "etcdKeyFile");
  refused({"etcdPrefix=troupe"}, "etcdPrefix");
  refused({"etcdPrefix=/troupe/"}, "etcdPrefix");
  refused({"etcdLeaseDuration=500ms"}, "etcdLeaseDuration");
}

TEST_CASE("settings: what a cluster hands to who joins is read back, and the machine's own wins") {
  auto founder = *load<master>(
    {.sets = {"dataDir=/a", "name=m1", "clusterCIDR=10.9.0.0/16", "nodeMonitorGracePeriod=9s",
              "linkPort=7001", "serviceNodePortRange=31000-31999", "controllers=*,-job"}});
  auto joins = load<master>({.given = shared_with_masters(founder),
                             .sets = {"dataDir=/b", "name=m2", "nodeMonitorGracePeriod=8s"}});
  REQUIRE(joins);
  auto wanted = founder;
  wanted.data_dir = "/b";
  wanted.name = "m2";
  wanted.node_monitor_grace = 8s;
  wanted.link_port = master{}.link_port;
  CHECK(*joins == wanted);
  auto n = load<node>({.given = shared_with_nodes(founder), .sets = {"dataDir=/n"}});
  REQUIRE(n);
  CHECK(n->net == founder.net);
  CHECK(n->name == node{}.name);
}

TEST_CASE("settings: the first address of the services is the API's") {
  networks net;
  CHECK(first_service_address(net) == "10.96.0.1");
  net.service_cidr = "fd00:1::/112";
  CHECK(first_service_address(net) == "fd00:1::1");
  net.service_cidr = "x";
  CHECK(first_service_address(net).empty());
}

TEST_CASE("settings: text that is no YAML mapping is refused") {
  CHECK(parse<master>("- a\n- b\n").error().reason == reason::invalid);
  CHECK(parse<master>("a: [").error().reason == reason::invalid);
  CHECK(parse<up>("").has_value());
}

} // namespace
} // namespace troupe::settings
