#include "netd/host/route.hpp"

#include "netd/host/netlink.hpp"

#include <array>
#include <linux/rtnetlink.h>
#include <net/if.h>

namespace troupe::host {
namespace {

result<nl_addr_ptr> destination_of(const std::string& text) {
  return parse_address(text == "default" ? "0.0.0.0/0" : text);
}

result<rtnl_route_ptr> make(const std::string& destination) {
  OR_RETURN(auto to, destination_of(destination));
  rtnl_route_ptr out{rtnl_route_alloc()};
  rtnl_route_set_family(out.get(), AF_INET);
  rtnl_route_set_table(out.get(), RT_TABLE_MAIN);
  rtnl_route_set_protocol(out.get(), route_protocol); // also on deletion: others' routes do not match
  if (int rc = rtnl_route_set_dst(out.get(), to.get()); rc < 0)
    return netlink_failure("make a route to " + destination, rc);
  return out;
}

std::string text_of(nl_addr* address) {
  std::array<char, 64> text{};
  nl_addr2str(address, text.data(), text.size());
  return text.data();
}

} // namespace

result<void> replace_route(const route& r) {
  OR_RETURN(auto socket, open_netlink());
  OR_RETURN(auto made, make(r.destination));
  rtnl_route_set_scope(made.get(), r.via.empty() ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE);
  auto* hop = rtnl_route_nh_alloc(); // owned by the route once added
  if (!r.via.empty()) {
    auto gateway = parse_address(r.via);
    if (!gateway) {
      rtnl_route_nh_free(hop);
      return std::move(gateway).error();
    }
    rtnl_route_nh_set_gateway(hop, gateway->get());
  }
  if (!r.device.empty())
    rtnl_route_nh_set_ifindex(hop, static_cast<int>(if_nametoindex(r.device.c_str())));
  rtnl_route_add_nexthop(made.get(), hop);
  if (int rc = rtnl_route_add(socket.get(), made.get(), NLM_F_CREATE | NLM_F_REPLACE); rc < 0)
    return netlink_failure("set the route to " + r.destination, rc);
  return {};
}

result<void> delete_route(const std::string& destination) {
  OR_RETURN(auto socket, open_netlink());
  OR_RETURN(auto made, make(destination));
  rtnl_route_set_scope(made.get(), RT_SCOPE_NOWHERE); // any
  int rc = rtnl_route_delete(socket.get(), made.get(), 0);
  if (rc < 0 && rc != -NLE_OBJ_NOTFOUND)
    return netlink_failure("delete the route to " + destination, rc);
  return {};
}

result<std::vector<route>> own_routes() {
  OR_RETURN(auto socket, open_netlink());
  nl_cache* raw = nullptr;
  if (int rc = rtnl_route_alloc_cache(socket.get(), AF_INET, 0, &raw); rc < 0)
    return netlink_failure("list routes", rc);
  nl_cache_ptr cache{raw};
  std::vector<route> out;
  for (auto* item = nl_cache_get_first(raw); item; item = nl_cache_get_next(item)) {
    auto* found = reinterpret_cast<rtnl_route*>(item);
    if (rtnl_route_get_protocol(found) != route_protocol
        || rtnl_route_get_table(found) != RT_TABLE_MAIN)
      continue;
    route r{.destination = text_of(rtnl_route_get_dst(found)), .via = {}, .device = {}};
    if (auto* hop = rtnl_route_nexthop_n(found, 0)) {
      if (auto* gateway = rtnl_route_nh_get_gateway(hop))
        r.via = text_of(gateway);
      std::array<char, IF_NAMESIZE> name{};
      if (if_indextoname(static_cast<unsigned>(rtnl_route_nh_get_ifindex(hop)), name.data()))
        r.device = name.data();
    }
    out.push_back(std::move(r));
  }
  return out;
}

} // namespace troupe::host
