#include "actors/kernel/actor.hpp"
#include "actors/network/network.hpp"
#include "tests/support/deterministic.hpp"
#include "tests/unit/actors/network/objects.hpp"

namespace troupe::network {
namespace {

/// Notes what it is ordered; fails as often as told to.
struct noting_proxy final : netd::proxy {
  std::vector<netd::route_changes> seen;
  int failures = 0;
  bool lost = false;
  bool closed = false;
  result<void> apply(const netd::route_changes& changes) override {
    if (failures > 0) {
      --failures;
      return failure{.message = "the kernel is busy"};
    }
    seen.push_back(changes);
    lost = false;
    return {};
  }
  result<void> verify() override {
    return lost ? result<void>{failure{.message = "the table is gone"}} : result<void>{};
  }
  result<void> close() override {
    closed = true;
    return {};
  }
};

struct noting_pods final : netd::pod_network {
  std::vector<netd::podnet_plan> seen;
  int failures = 0;
  bool closed = false;
  result<void> apply(const netd::podnet_plan& plan) override {
    seen.push_back(plan);
    return failures-- > 0 ? result<void>{failure{.message = "no such gateway"}} : result<void>{};
  }
  result<void> close() override {
    closed = true;
    return {};
  }
};

struct fixture {
  using heard = std::shared_ptr<std::vector<client::inform>>;
  deterministic world;
  std::shared_ptr<noting_proxy> proxy = std::make_shared<noting_proxy>();
  std::shared_ptr<noting_pods> pods = std::make_shared<noting_pods>();
  heard asked;
  network_actor actor;
  revision upto{};

  fixture() {
    auto [services, to_services] =
      world.listener<client::informer_actor, client::inform>("services");
    auto [slices, to_slices] = world.listener<client::informer_actor, client::inform>("slices");
    auto [nodes, to_nodes] = world.listener<client::informer_actor, client::inform>("nodes");
    asked = to_services;
    actor = spawn_network(
      world.at("network"),
      {.services = services,
       .slices = slices,
       .nodes = nodes,
       .drivers = {.proxy = proxy, .pods = pods},
       .pool = world.world.make_pool(world.process),
       .node = {.node = "n1", .cluster_cidr = "10.244.0.0/16", .cni_file = {}, .ipam_dir = {}}});
    world.settle();
  }

  void tell(const char* resource, std::vector<api::event> list, bool whole = false) {
    ++upto;
    world.tell(actor, client::informed{std::make_shared<const client::informed::news>(
                        client::informed::news{.group = {},
                                               .resource = resource,
                                               .whole = whole,
                                               .events = std::move(list),
                                               .upto = upto})});
  }
  void known() {
    tell("services", {added(service("web", "10.96.0.20"))}, true);
    tell("endpointslices", {}, true);
    tell("nodes", {added(node("n1", "10.99.0.11", "10.244.1.0/24"))}, true);
    world.advance(10ms);
  }
  described state() {
    auto answer = world.ask<described>(actor, describe{});
    REQUIRE(answer.has_value());
    return *answer;
  }
};

TEST_CASE("network actor: an endpoint's change reaches the proxy within milliseconds") {
  fixture f;
  f.known();
  REQUIRE(f.proxy->seen.size() == 1);
  CHECK(f.proxy->seen[0].whole);
  CHECK(f.state().pods_ready);
  f.tell("endpointslices", {added(slice("web-1", "web", "10.244.1.2"))});
  f.world.advance(2ms);
  REQUIRE(f.proxy->seen.size() == 2);
  CHECK_FALSE(f.proxy->seen[1].whole);
  CHECK(f.proxy->seen[1].services.at("default/web")->at(0).endpoints
        == std::vector<netd::endpoint>{{"10.244.1.2", 8080}});
}

TEST_CASE("network actor: what comes during an application goes with the next one, together") {
  fixture f;
  f.known();
  for (int i = 1; i <= 50; ++i)
    f.tell("endpointslices", {added(slice("web-1", "web", "10.244.1." + std::to_string(i)))});
  f.world.settle(); // the first is at work, the time stands
  f.world.advance(10ms);
  REQUIRE(f.proxy->seen.size() == 3);
  CHECK(f.proxy->seen[2].services.at("default/web")->at(0).endpoints[0].ip == "10.244.1.50");
}

TEST_CASE("network actor: after failures it tries again with all that is missing") {
  fixture f;
  f.proxy->failures = 3;
  f.known();
  CHECK(f.proxy->seen.empty());
  CHECK(f.state().rules_failure == "the kernel is busy");
  f.tell("endpointslices", {added(slice("web-1", "web", "10.244.1.2"))});
  f.world.advance(20ms);
  CHECK(f.proxy->failures == 2); // news do not shorten the pause
  f.world.advance(1s);
  REQUIRE(f.proxy->seen.size() == 1);
  CHECK(f.proxy->seen[0].whole);
  CHECK(f.proxy->seen[0].services.at("default/web")->at(0).endpoints.size() == 1);
  CHECK(f.state().rules_failure.empty());
}

TEST_CASE("network actor: pod routes follow the nodes, and failed ones are tried again") {
  fixture f;
  f.known();
  REQUIRE(f.pods->seen.size() == 1);
  f.tell("nodes", {added(node("n1", "10.99.0.11", "10.244.1.0/24"))}); // a heartbeat
  f.world.advance(10ms);
  CHECK(f.pods->seen.size() == 1);
  f.pods->failures = 1;
  f.tell("nodes", {added(node("n2", "10.99.0.12", "10.244.2.0/24"))});
  f.world.advance(10ms);
  CHECK(f.state().pods_failure == "no such gateway");
  f.world.advance(100ms);
  REQUIRE(f.pods->seen.size() == 3);
  CHECK(f.pods->seen[2].routes.size() == 1);
  CHECK(f.state().pods_failure.empty());
}

TEST_CASE("network actor: it says again what it has been told, and heals what others remove") {
  fixture f;
  f.known();
  CHECK(f.asked->size() == 1);
  CHECK(f.asked->back().told == revision{});
  f.proxy->lost = true;
  f.world.advance(31s);
  CHECK(f.asked->size() == 1 + 31s / client::inform_every);
  CHECK(f.asked->back().told == revision{1});
  CHECK_FALSE(f.proxy->lost);
  CHECK(f.state().healed == 1);
  CHECK(f.pods->seen.size() == 2);
}

TEST_CASE("network actor: cleaning up closes both drivers, and none is no failure") {
  fixture f;
  CHECK(clean_up({.proxy = f.proxy, .pods = f.pods}).has_value());
  CHECK(f.proxy->closed);
  CHECK(f.pods->closed);
  CHECK(clean_up({}).has_value());
}

} // namespace
} // namespace troupe::network
