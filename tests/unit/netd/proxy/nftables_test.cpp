#include "config/base/random.hpp"
#include "netd/host/conntrack.hpp"
#include "netd/host/link.hpp"
#include "netd/proxy/nftables/rules.hpp"
#include "netd/proxy/nftables/table.hpp"

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <cstdio>
#include <functional>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::netd {
namespace {

const nft_options options{.table = "troupe",
                          .cluster_cidr = "10.244.0.0/16",
                          .service_cidr = "10.96.0.0/12",
                          .no_masquerade = {}};

service_route web(std::vector<endpoint> endpoints, std::uint16_t node_port = 0) {
  return {.name = "default/web:",
          .cluster_ip = "10.96.0.20",
          .over = protocol::tcp,
          .port = 80,
          .node_port = node_port,
          .endpoints = std::move(endpoints)};
}

TEST_CASE("nftables rules: a service is one verdict and one element per endpoint") {
  auto r = rules({web({{"10.244.1.2", 8080}, {"10.244.2.3", 8080}}, 30080)});
  CHECK(r.counts == std::set<std::size_t>{2});
  CHECK(r.elements["services"]
        == std::map<std::string, std::string>{{"10.96.0.20 . tcp . 80", "goto s2"}});
  CHECK(r.elements["se2"]["10.96.0.20 . tcp . 80 . 1"] == "10.244.2.3 . 8080");
  CHECK(r.elements["nodeports"]["tcp . 30080"] == "goto n2");
  CHECK(r.elements["ne2"]["tcp . 30080 . 0"] == "10.244.1.2 . 8080");
  CHECK(r.elements["hairpin"].contains("10.244.1.2 . 10.244.1.2"));
}

TEST_CASE("nftables rules: without endpoints a node port is refused, a cluster IP has no verdict") {
  auto r = rules({web({}, 30080)});
  CHECK(r.elements["services"].empty());
  CHECK(r.elements["refused"].contains("tcp . 30080"));
}

TEST_CASE("nftables elements: equal states need no script, a change names only what differs") {
  nft_elements all;
  all.put("default/web", {web({{"10.244.1.2", 8080}, {"10.244.2.3", 8080}})});
  CHECK(all.change_script(options).find("10.244.1.2") != std::string::npos);
  all.applied();
  all.put("default/web", {web({{"10.244.1.2", 8080}, {"10.244.2.3", 8080}})});
  CHECK(all.change_script(options).empty());
  all.put("default/web", {web({{"10.244.1.2", 8080}, {"10.244.2.4", 8080}})});
  auto script = all.change_script(options);
  CHECK(script.find("10.244.2.3") != std::string::npos);
  CHECK(script.find("10.244.2.4") != std::string::npos);
  CHECK(script.find("10.244.1.2") == std::string::npos);
}

TEST_CASE("nftables elements: what two services want stays until the last one goes") {
  nft_elements all;
  auto other = web({{"10.244.1.2", 8080}});
  other.cluster_ip = "10.96.0.21";
  all.put("default/web", {web({{"10.244.1.2", 8080}})});
  all.put("default/other", {other});
  all.applied();
  all.put("default/web", {});
  CHECK(all.change_script(options).find("hairpin") == std::string::npos);
  all.applied();
  all.put("default/other", {});
  CHECK(all.change_script(options).find("delete element ip troupe hairpin") != std::string::npos);
  CHECK(all.services().empty());
}

TEST_CASE("nftables elements: an address that changes hands in one step is replaced, not lost") {
  nft_elements all;
  all.put("default/old", {web({{"10.244.1.2", 8080}})});
  all.applied();
  all.put("default/new", {web({{"10.244.1.3", 8080}})});
  all.put("default/old", {});
  auto script = all.change_script(options);
  CHECK(script.find("services") == std::string::npos); // the verdict is the same
  CHECK(script.find("add element ip troupe se1 { 10.96.0.20 . tcp . 80 . 0 : 10.244.1.3 . 8080 }")
        != std::string::npos);
}

TEST_CASE("nftables elements: after a loss everything differs, and nothing is deleted") {
  nft_elements all;
  all.put("default/web", {web({{"10.244.1.2", 8080}})});
  all.applied();
  all.lost();
  auto script = all.change_script(options);
  CHECK(script.find("add element ip troupe services") != std::string::npos);
  CHECK(script.find("add chain ip troupe s1") != std::string::npos);
  CHECK(script.find("delete") == std::string::npos);
}

/// The routes of "default/web", as changes.
route_changes only(std::vector<service_route> routes) {
  route_changes out;
  out.services["default/web"] =
    std::make_shared<const std::vector<service_route>>(std::move(routes));
  return out;
}

/// Runs `body` in a child process with a network namespace of its own.
bool in_own_namespace(const std::function<result<void>()>& body) {
  auto pid = fork();
  if (pid == 0) {
    if (unshare(CLONE_NEWNET) != 0)
      _exit(3);
    auto done = body();
    if (!done)
      fprintf(stderr, "%s\n", done.error().message.c_str());
    _exit(done ? 0 : 1);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

result<void> expect(bool holds, const char* what) {
  if (holds)
    return {};
  return failure{.message = what};
}

struct tcp_socket {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  tcp_socket() = default;
  tcp_socket(const tcp_socket&) = delete;
  tcp_socket& operator=(const tcp_socket&) = delete;
  ~tcp_socket() { close(fd); }
};

sockaddr_in address(const char* ip, std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  inet_pton(AF_INET, ip, &out.sin_addr);
  return out;
}

int try_connect(const char* ip, std::uint16_t port) {
  tcp_socket s;
  auto to = address(ip, port);
  return connect(s.fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0 ? 0 : errno;
}

TEST_CASE(
  "nftables table: connections to a cluster IP reach an endpoint, and are refused without one") {
  if (geteuid() != 0) {
    MESSAGE("skipped: needs root to make network namespaces");
    return;
  }
  CHECK(in_own_namespace([]() -> result<void> {
    CHECK_RETURN(host::set_up("lo"));
    CHECK_RETURN(host::create_bridge("br0", "10.244.1.2/8")); // also gives the cluster IP a route
    tcp_socket listener;
    auto at = address("10.244.1.2", 8080);
    CHECK_RETURN(
      expect(bind(listener.fd, reinterpret_cast<sockaddr*>(&at), sizeof(at)) == 0, "bind"));
    CHECK_RETURN(expect(listen(listener.fd, 16) == 0, "listen"));
    OR_RETURN(auto table, nft_table::open(options));
    CHECK_RETURN(table->apply(only({web({{"10.244.1.2", 8080}}, 30080)})));
    CHECK_RETURN(expect(try_connect("10.96.0.20", 80) == 0, "the cluster IP answers"));
    CHECK_RETURN(expect(try_connect("10.244.1.2", 30080) == 0, "the node port answers"));
    CHECK_RETURN(expect(try_connect("10.96.0.20", 81) == ECONNREFUSED, "another port is refused"));
    CHECK_RETURN(table->apply(only({web({}, 30080)})));
    CHECK_RETURN(
      expect(try_connect("10.96.0.20", 80) == ECONNREFUSED, "without endpoints it is refused"));
    CHECK_RETURN(expect(try_connect("10.244.1.2", 30080) == ECONNREFUSED, "and the node port too"));
    CHECK_RETURN(table->apply(only({web({{"10.244.1.2", 8080}}, 30080)})));
    return expect(try_connect("10.96.0.20", 80) == 0, "the endpoint is back");
  }));
}

TEST_CASE("nftables table: any series of states is applied by differences") {
  if (geteuid() != 0)
    return;
  CHECK(in_own_namespace([]() -> result<void> {
    OR_RETURN(auto table, nft_table::open(options));
    random_source random{7};
    for (int round = 0; round < 40; ++round) {
      route_changes changes{.services = {}, .whole = random.chance(1, 4)};
      for (std::uint16_t s = 0; s < 5; ++s) {
        service_route r =
          web({}, random.chance(1, 2) ? static_cast<std::uint16_t>(30000 + s) : std::uint16_t{0});
        r.cluster_ip = "10.96.0." + std::to_string(s + 1);
        for (std::uint64_t e = random.below(4); e > 0; --e)
          r.endpoints.push_back({"10.244.1." + std::to_string(random.between(1, 200)), 8080});
        std::sort(r.endpoints.begin(), r.endpoints.end());
        r.endpoints.erase(std::unique(r.endpoints.begin(), r.endpoints.end()), r.endpoints.end());
        if (random.chance(4, 5))
          changes.services["default/s" + std::to_string(s)] =
            std::make_shared<const std::vector<service_route>>(std::vector<service_route>{r});
      }
      // An element that is already gone cannot be deleted: the kernel had exactly what we believed.
      CHECK_RETURN(table->apply(changes));
    }
    CHECK_RETURN(table->apply({.services = {}, .whole = true}));
    return table->close();
  }));
}

TEST_CASE("nftables table: a table that somebody took away is missed and made anew") {
  if (geteuid() != 0)
    return;
  CHECK(in_own_namespace([]() -> result<void> {
    CHECK_RETURN(host::set_up("lo"));
    CHECK_RETURN(host::create_bridge("br0", "10.244.1.2/8"));
    OR_RETURN(auto table, nft_table::open(options));
    OR_RETURN(auto thief, nft_table::open(options));
    CHECK_RETURN(table->apply(only({web({})})));
    CHECK_RETURN(table->verify());
    CHECK_RETURN(thief->apply({}));
    CHECK_RETURN(thief->close());
    CHECK_RETURN(expect(!table->verify(), "the loss is noticed"));
    CHECK_RETURN(table->apply({}));
    CHECK_RETURN(table->verify());
    return expect(try_connect("10.96.0.20", 80) == ECONNREFUSED, "its rules are back");
  }));
}

/// A UDP socket bound there, which says what it is sent.
struct udp_socket {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  udp_socket(const char* ip, std::uint16_t port) {
    auto at = address(ip, port);
    timeval deadline{.tv_sec = 0, .tv_usec = 300'000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline));
    (void)bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof(at));
  }
  udp_socket(const udp_socket&) = delete;
  udp_socket& operator=(const udp_socket&) = delete;
  ~udp_socket() { close(fd); }
  void send(const char* ip, std::uint16_t port) const {
    auto to = address(ip, port);
    (void)sendto(fd, "x", 1, 0, reinterpret_cast<sockaddr*>(&to), sizeof(to));
  }
  bool heard() const {
    char byte = 0;
    return recv(fd, &byte, 1, 0) == 1;
  }
};

TEST_CASE("nftables table: a UDP sender that keeps its port moves on with the endpoints") {
  if (geteuid() != 0)
    return;
  CHECK(in_own_namespace([]() -> result<void> {
    CHECK_RETURN(host::set_up("lo"));
    CHECK_RETURN(host::create_bridge("br0", "10.244.1.2/8"));
    CHECK_RETURN(host::add_address("br0", "10.244.1.3/8"));
    OR_RETURN(auto table, nft_table::open(options));
    auto dns = web({{"10.244.1.2", 5353}});
    dns.over = protocol::udp;
    CHECK_RETURN(table->apply(only({dns})));
    udp_socket first("10.244.1.2", 5353);
    udp_socket second("10.244.1.3", 5353);
    udp_socket sender("10.244.1.2", 40000);
    udp_socket other("10.244.1.2", 40001);
    sender.send("10.96.0.20", 80);
    CHECK_RETURN(expect(first.heard(), "the first endpoint hears the sender"));
    other.send("10.244.1.3", 5353); // a flow of its own, not through the service
    CHECK_RETURN(expect(second.heard(), "the second hears the other one"));
    dns.endpoints = {{"10.244.1.3", 5353}};
    CHECK_RETURN(table->apply(only({dns})));
    sender.send("10.96.0.20", 80);
    CHECK_RETURN(expect(second.heard(), "the second endpoint hears the sender"));
    OR_RETURN(auto others, host::forget_udp([](const host::udp_flow& flow) {
                return flow.destination == "10.244.1.3" && flow.port == 5353;
              }));
    return expect(others == 1, "a flow that is none of the service's was left alone");
  }));
}

TEST_CASE("nftables table: with 5000 services one endpoint's change costs its own size") {
  if (geteuid() != 0)
    return;
  CHECK(in_own_namespace([]() -> result<void> {
    OR_RETURN(auto table, nft_table::open(options));
    auto routes_of = [](int s, std::uint16_t port) {
      auto r = web({});
      r.cluster_ip = "10.96." + std::to_string(s / 250) + '.' + std::to_string(s % 250 + 1);
      for (int e = 0; e < 3; ++e)
        r.endpoints.push_back(
          {"10.244." + std::to_string(s / 250) + '.' + std::to_string((s + e) % 250 + 1), port});
      return std::make_shared<const std::vector<service_route>>(std::vector<service_route>{r});
    };
    route_changes all{.services = {}, .whole = true};
    for (int s = 0; s < 5000; ++s)
      all.services["default/s" + std::to_string(s)] = routes_of(s, 8080);
    using clock = std::chrono::steady_clock;
    auto milliseconds = [](clock::duration d) {
      return std::chrono::duration<double, std::milli>(d).count();
    };
    auto began = clock::now();
    CHECK_RETURN(table->apply(all));
    auto loaded = clock::now();
    for (std::uint16_t i = 0; i < 50; ++i) {
      route_changes one;
      one.services["default/s42"] = routes_of(42, static_cast<std::uint16_t>(9000 + i));
      CHECK_RETURN(table->apply(one));
    }
    auto done = clock::now();
    fprintf(stderr, "5000 services: loaded in %.0f ms, a change takes %.2f ms\n",
            milliseconds(loaded - began), milliseconds(done - loaded) / 50);
    return {};
  }));
}

} // namespace
} // namespace troupe::netd
