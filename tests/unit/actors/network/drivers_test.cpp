#include "actors/network/drivers.hpp"

#include <doctest/doctest.h>

namespace troupe::network {
namespace {

TEST_CASE("network drivers: each setting asks for its own") {
  settings::node with{.data_dir = "/data"};
  with.network = settings::pod_network::none;
  with.proxy = settings::proxy_mode::none;
  auto none = make_drivers(with);
  REQUIRE(none.has_value());
  CHECK_FALSE(none->proxy);
  CHECK_FALSE(none->pods);
  with.network = settings::pod_network::host_gw;
  with.proxy = settings::proxy_mode::nftables;
  auto both = make_drivers(with); // touches nothing yet
  REQUIRE(both.has_value());
  CHECK(both->proxy);
  CHECK(both->pods);
  with.runtime = settings::runtime_kind::simulated;
  CHECK_FALSE(make_drivers(with)->pods);
}

TEST_CASE("network drivers: what is not built is refused, not replaced") {
  for (auto mode : {settings::proxy_mode::iptables, settings::proxy_mode::ipvs,
                    settings::proxy_mode::userspace}) {
    settings::node with{.data_dir = "/data"};
    with.proxy = mode;
    CHECK(make_drivers(with).error().reason == reason::invalid);
  }
  for (auto kind : {settings::pod_network::tun, settings::pod_network::bgp}) {
    settings::node with{.data_dir = "/data"};
    with.network = kind;
    CHECK(make_drivers(with).error().reason == reason::invalid);
  }
}

TEST_CASE("network drivers: the CNI configuration is where the runtime looks") {
  settings::node with{.name = "n1", .data_dir = "/data"};
  CHECK(podnet_options_of(with).cni_file == cni_folder(with) + "/10-troupe.conflist");
}

} // namespace
} // namespace troupe::network
