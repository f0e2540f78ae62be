#include "netd/host/isolate.hpp"
#include "netd/host/link.hpp"
#include "netd/host/route.hpp"
#include "netd/host/sysctl.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <poll.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::host {
namespace {

/// Runs `body` in a child process with a network namespace of its own; true when it returned no
/// failure.
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

bool is_root() {
  if (geteuid() == 0)
    return true;
  MESSAGE("skipped: needs root to make network namespaces");
  return false;
}

result<void> expect(bool holds, const char* what) {
  if (holds)
    return {};
  return failure{.message = what};
}

TEST_CASE("links: a bridge gets its address, and is gone after its removal") {
  if (!is_root())
    return;
  CHECK(in_own_namespace([]() -> result<void> {
    CHECK_RETURN(create_bridge("br0", "10.99.0.1/24"));
    OR_RETURN(auto found, addresses("br0"));
    CHECK_RETURN(expect(found == std::vector<std::string>{"10.99.0.1/24"}, "the address"));
    CHECK_RETURN(expect(!create_bridge("br0", ""), "a taken name is refused"));
    CHECK_RETURN(delete_link("br0"));
    CHECK_RETURN(expect(!link_exists("br0"), "the bridge is gone"));
    return delete_link("br0");
  }));
}

TEST_CASE("routes: set, replaced, listed and deleted; others' routes are not ours") {
  if (!is_root())
    return;
  CHECK(in_own_namespace([]() -> result<void> {
    CHECK_RETURN(create_bridge("br0", "10.99.0.1/24"));
    route r{.destination = "10.244.2.0/24", .via = "10.99.0.22", .device = "br0"};
    CHECK_RETURN(replace_route(r));
    r.via = "10.99.0.23";
    CHECK_RETURN(replace_route(r));
    OR_RETURN(auto own, own_routes());
    CHECK_RETURN(expect(own == std::vector<route>{r}, "exactly the replaced route is ours"));
    CHECK_RETURN(delete_route(r.destination));
    OR_RETURN(auto left, own_routes());
    CHECK_RETURN(expect(left.empty(), "no route is left"));
    return delete_route(r.destination);
  }));
}

TEST_CASE("links: what cannot be done is refused with the name of what is missing") {
  CHECK(set_up("no-such-link").error().message.find("no-such-link") != std::string::npos);
  CHECK(add_address("no-such-link", "10.0.0.1/8").error().reason == reason::not_found);
}

/// Waits until the child ended; its exit code.
int wait_for(const child& c) {
  pollfd ended{.fd = c.pidfd, .events = POLLIN, .revents = 0};
  poll(&ended, 1, 10'000);
  int status = 0;
  waitpid(c.pid, &status, 0);
  close(c.pidfd);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_CASE("start: the process finds its interface and is the first of its PID namespace") {
  if (!is_root())
    return;
  CHECK(in_own_namespace([]() -> result<void> {
    CHECK_RETURN(create_bridge("br0", "10.99.0.1/24"));
    auto log = "/tmp/troupe-start-test." + std::to_string(getpid());
    OR_RETURN(
      auto c,
      start(
        {.command = {"/bin/sh", "-c", "echo $$; ip -o link show eth0 | wc -l; exit 7"},
         .environment = {},
         .log = log,
         .apart = {
           .network = true, .mount = true, .process = true, .bridge = "br0", .veth = "t-one"}}));
    CHECK_RETURN(expect(wait_for(c) == 7, "the exit code"));
    std::ifstream in(log);
    std::string pid;
    std::string links;
    in >> pid >> links;
    unlink(log.c_str());
    CHECK_RETURN(expect(pid == "1", "it is the first process"));
    return expect(links == "1", "eth0 is there");
  }));
}

TEST_CASE("start: started again, it has the hardware address that its neighbours know") {
  if (!is_root())
    return;
  CHECK(in_own_namespace([]() -> result<void> {
    CHECK_RETURN(create_bridge("br0", ""));
    auto address_of = [](const std::string& veth) -> result<std::string> {
      auto log = "/tmp/troupe-isolate-address-" + std::to_string(getpid());
      OR_RETURN(auto c, start({.command = {"/bin/sh", "-c", "ip -o link show eth0"},
                               .environment = {},
                               .log = log,
                               .apart = {.network = true, .bridge = "br0", .veth = veth}}));
      CHECK_RETURN(expect(wait_for(c) == 0, "the exit code"));
      std::ifstream in(log);
      std::string word;
      while (in >> word && word != "link/ether") {
      }
      in >> word;
      unlink(log.c_str());
      return word;
    };
    OR_RETURN(auto first, address_of("t-one"));
    while (link_exists("t-one")) // the kernel takes it away behind the process
      sched_yield();
    OR_RETURN(auto again, address_of("t-one"));
    OR_RETURN(auto other, address_of("t-two"));
    CHECK_RETURN(expect(first == again, "the same address in its next life"));
    return expect(first != other, "another interface has another address");
  }));
}

TEST_CASE("start: a veth whose namespace outlives its process is replaced") {
  if (!is_root())
    return;
  CHECK(in_own_namespace([]() -> result<void> {
    CHECK_RETURN(create_bridge("br0", ""));
    auto run = [](std::vector<std::string> command) {
      return start({.command = std::move(command),
                    .environment = {},
                    .log = {},
                    .apart = {.network = true, .bridge = "br0", .veth = "t-one"}});
    };
    OR_RETURN(auto first, run({"/bin/sleep", "60"}));
    auto space = "/proc/" + std::to_string(first.pid) + "/ns/net";
    int held = ::open(space.c_str(), O_RDONLY | O_CLOEXEC); // as an unfinished connection does
    kill(first.pid, SIGKILL);
    wait_for(first);
    CHECK_RETURN(expect(held >= 0 && link_exists("t-one"), "the veth is still there"));
    OR_RETURN(auto again, run({"/bin/true"}));
    CHECK_RETURN(expect(wait_for(again) == 0, "the exit code"));
    close(held);
    return {};
  }));
}

TEST_CASE("start: without its bridge nothing is started") {
  if (!is_root())
    return;
  CHECK(in_own_namespace([]() -> result<void> {
    auto c = start({.command = {"/bin/true"},
                    .environment = {},
                    .log = {},
                    .apart = {.network = true, .bridge = "no-bridge", .veth = "t-two"}});
    CHECK_RETURN(expect(!c && c.error().message.find("no-bridge") != std::string::npos,
                        "the failure names the bridge"));
    return expect(waitpid(-1, nullptr, WNOHANG) == -1, "no child is left");
  }));
}

TEST_CASE("sysctl: a setting of an own namespace is read back as written") {
  if (!is_root())
    return;
  CHECK(in_own_namespace([]() -> result<void> {
    CHECK_RETURN(write_sysctl("net/ipv4/ip_forward", "1"));
    OR_RETURN(auto value, read_sysctl("net/ipv4/ip_forward"));
    return expect(value == "1", "the value");
  }));
  CHECK_FALSE(read_sysctl("no/such/setting"));
}

} // namespace
} // namespace troupe::host
