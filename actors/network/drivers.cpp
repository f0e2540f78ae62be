#include "actors/network/drivers.hpp"

#include "netd/proxy/nftables/table.hpp"

namespace troupe::network {

std::string cni_folder(const settings::node& of) { return of.data_dir + "/cni/net.d"; }

netd::podnet_options podnet_options_of(const settings::node& of) {
  return {.node = of.name,
          .cluster_cidr = of.net.pod_cidr,
          .cni_file = cni_folder(of) + "/10-troupe.conflist",
          .ipam_dir = of.data_dir + "/cni/addresses"};
}

result<drivers> make_drivers(const settings::node& of) {
  drivers out;
  if (of.runtime == settings::runtime_kind::simulated)
    return out;
  switch (of.network) {
  case settings::pod_network::vxlan:
  case settings::pod_network::host_gw:
    out.pods = std::make_shared<netd::host_gateway>(podnet_options_of(of));
    break;
  case settings::pod_network::none: break;
  default:
    return failure{.reason = reason::invalid,
                   .message = "podNetwork tun and bgp are not built; use vxlan, host-gw or none"};
  }
  switch (of.proxy) {
  case settings::proxy_mode::nftables: {
    OR_RETURN(out.proxy, netd::nft_table::open({.cluster_cidr = of.net.pod_cidr,
                                                .service_cidr = of.net.service_cidr,
                                                .no_masquerade = of.not_masqueraded}));
    break;
  }
  case settings::proxy_mode::none: break;
  default:
    return failure{.reason = reason::invalid,
                   .message =
                     "proxyMode iptables, ipvs and userspace are not built; use nftables or none"};
  }
  return out;
}

result<void> clean_up(const drivers& of) {
  result<void> first;
  if (of.proxy)
    first = of.proxy->close();
  if (of.pods)
    if (auto done = of.pods->close(); !done && first)
      first = std::move(done);
  return first;
}

} // namespace troupe::network
