#include "actors/controllers/defaults/plan.hpp"
#include "actors/controllers/pod_gc/plan.hpp"
#include "tests/support/world.hpp"

#include <doctest/doctest.h>

namespace troupe {
namespace {

namespace of = control::of;
using nlohmann::json;
using tests::world;

defaults::observed look(const world& w, std::string ca) {
  defaults::observed o{.ns = views::name_space::from(w.get(of::namespaces, "", "a")).value(),
                       .has_account = w.has(of::service_accounts, "a", "default"),
                       .ca = std::move(ca)};
  if (w.has(of::config_maps, "a", "kube-root-ca.crt")) {
    o.root_ca = w.get(of::config_maps, "a", "kube-root-ca.crt").meta;
    o.root_ca_text = w.tree(of::config_maps, "a", "kube-root-ca.crt")["data"]["ca.crt"];
  }
  return o;
}

TEST_CASE("defaults: every namespace has its account and the cluster's CA, and keeps them") {
  world w;
  w.put(of::namespaces, R"({"metadata":{"name":"a"}})");
  CHECK(tests::settle(w, [&] { return defaults::plan(look(w, "PEM")); }) == 1);
  CHECK(w.has(of::service_accounts, "a", "default"));
  CHECK(w.tree(of::config_maps, "a", "kube-root-ca.crt")["data"]["ca.crt"] == "PEM");
  w.erase(of::service_accounts, "a", "default");
  w.change(of::config_maps, "a", "kube-root-ca.crt",
           [](json& t) { t["data"]["ca.crt"] = "forged"; });
  CHECK(tests::settle(w, [&] { return defaults::plan(look(w, "PEM")); }) == 1);
  CHECK(w.has(of::service_accounts, "a", "default"));
  CHECK(w.tree(of::config_maps, "a", "kube-root-ca.crt")["data"]["ca.crt"] == "PEM");
}

TEST_CASE("defaults: a namespace that goes gets nothing new") {
  world w;
  w.put(of::namespaces, R"({"metadata":{"name":"a"},"status":{"phase":"Terminating"}})");
  CHECK(defaults::plan(look(w, "PEM")).empty());
}

views::pod pod(std::string name, std::string node, std::string phase) {
  views::pod p;
  p.meta.name = std::move(name);
  p.meta.uid = p.meta.name;
  p.node = std::move(node);
  p.phase = std::move(phase);
  return p;
}

std::vector<std::string> removed(const control::actions& plan) {
  std::vector<std::string> out;
  for (const auto& a : plan)
    if (const auto* r = std::get_if<control::remove>(&a)) {
      CHECK(r->grace == 0);
      out.push_back(r->at.name);
    }
  return out;
}

TEST_CASE("pod gc: pods of nodes that are gone are failed and removed") {
  auto orders = pod_gc::plan({.now = instant{},
                              .pods = {pod("a", "gone", "Running"), pod("b", "here", "Running"),
                                       pod("c", "gone", "Succeeded")},
                              .gone_nodes = {"gone"}});
  CHECK(removed(orders) == std::vector<std::string>{"a", "c"});
  const auto& first = std::get<control::patch>(orders.at(0));
  CHECK(json::parse(first.body)["status"]["phase"] == "Failed");
}

TEST_CASE("pod gc: a pod that was deleted before it had a node goes at once") {
  auto p = pod("a", "", "Pending");
  p.meta.deleted = instant{};
  CHECK(removed(pod_gc::plan({.pods = {p, pod("b", "", "Pending")}}))
        == std::vector<std::string>{"a"});
}

TEST_CASE("pod gc: of ended pods beyond the threshold the oldest go") {
  std::vector<views::pod> pods;
  for (int i = 0; i < 5; ++i) {
    auto p = pod("p" + std::to_string(i), "n", i % 2 == 0 ? "Succeeded" : "Failed");
    p.meta.created = instant{} + std::chrono::seconds{10 - i};
    pods.push_back(p);
  }
  pods.push_back(pod("running", "n", "Running"));
  CHECK(removed(pod_gc::plan({.pods = pods, .threshold = 3}))
        == std::vector<std::string>{"p4", "p3"});
  CHECK(pod_gc::plan({.pods = pods, .threshold = 5}).empty());
  CHECK(pod_gc::plan({.pods = pods, .threshold = 0}).empty());
}

TEST_CASE("pod gc: a node is gone when it was missing for forty seconds without a break") {
  pod_gc::absence a;
  auto at = [](int s) { return instant{} + std::chrono::seconds{s}; };
  CHECK(a.look({"n"}, {}, at(0)).empty());
  CHECK(a.look({"n"}, {}, at(39)).empty());
  CHECK(a.look({"n"}, {}, at(40)) == std::set<std::string>{"n"});
  CHECK(a.look({"n"}, {"n"}, at(41)).empty());
  CHECK(a.look({"n"}, {}, at(42)).empty());
  CHECK(a.look({}, {}, at(60)).empty());
  CHECK(a.look({"n"}, {}, at(90)).empty());
}

} // namespace
} // namespace troupe
