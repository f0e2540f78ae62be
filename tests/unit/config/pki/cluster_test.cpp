#include "config/pki/cluster.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

namespace troupe::pki {
namespace {

constexpr instant now{std::chrono::seconds{1'800'000'000}};

const cluster_plan plan{
  .masters = {{"m1", {}, {"10.99.0.1"}}, {"m2", {}, {"10.99.0.2"}}, {"m3", {}, {"10.99.0.3"}}},
  .nodes = {{"n1", {}, {"10.99.1.1"}}, {"n2", {}, {"10.99.1.2"}}},
  .api_dns = {"api.example.org"},
  .api_ips = {"10.96.0.1"}};

bool names(const std::vector<std::string>& list, std::string_view what) {
  return std::find(list.begin(), list.end(), what) != list.end();
}

TEST_CASE("cluster: everybody gets the identity that Kubernetes expects of them") {
  auto all = *make_cluster(plan, now);
  CHECK(all.admin.cert.who() == identity{"kubernetes-admin", {"system:masters"}});
  CHECK(all.nodes.at("n2").cert.who() == identity{"system:node:n2", {"system:nodes"}});
  CHECK(all.masters.at("m3").peer.cert.who()
        == identity{"system:troupe:master:m3", {"system:troupe:masters"}});
  auto serving = all.masters.at("m1").serving.cert.about();
  CHECK(serving.use == usage::server);
  for (const auto* name :
       {"kubernetes.default.svc.cluster.local", "localhost", "m1", "api.example.org"})
    CHECK(names(serving.dns, name));
  for (const auto* ip : {"127.0.0.1", "10.96.0.1", "10.99.0.1"})
    CHECK(names(serving.ips, ip));
  CHECK(all.nodes.at("n1").cert.about().use == usage::both);
}

TEST_CASE("cluster: the PKI of three masters and two nodes is made in a blink") {
  auto best = duration::max();
  for (int i = 0; i < 5; ++i) {
    auto begin = std::chrono::steady_clock::now();
    REQUIRE(make_cluster(plan, now).has_value());
    best = std::min<duration>(best, std::chrono::steady_clock::now() - begin);
  }
  MESSAGE("make_cluster: " << best.count() / 1000 << " us");
  CHECK(best < 50ms);
}

TEST_CASE("cluster: comes back from its files") {
  std::string dir = (std::filesystem::temp_directory_path() / "troupe-pki-XXXXXX").string();
  REQUIRE(mkdtemp(dir.data()) != nullptr);
  auto all = *make_cluster(plan, now);
  REQUIRE(save(all.shared, dir).has_value());
  REQUIRE(save(all.masters.at("m1"), dir).has_value());
  REQUIRE(save(all.nodes.at("n1"), dir, "kubelet").has_value());
  auto shared = load_shared_secrets(dir);
  REQUIRE(shared.has_value());
  CHECK(shared->ca.hash() == all.shared.ca.hash());
  CHECK(shared->service_accounts.same_public(all.shared.service_accounts));
  CHECK(load_master(dir)->peer.cert.who().name == "system:troupe:master:m1");
  CHECK(load_credential(dir, "kubelet")->cert.who().name == "system:node:n1");
  CHECK(load_credential(dir, "other").error().reason == reason::not_found);
  std::filesystem::remove_all(dir);
}

} // namespace
} // namespace troupe::pki
