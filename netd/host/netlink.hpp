// A short-lived rtnetlink connection and libnl's errors as failures. Inside netd/host only.
#pragma once

#include "config/base/result.hpp"

#include <memory>
#include <netlink/addr.h>
#include <netlink/cache.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <string>

namespace troupe::host {

template <auto free> struct call {
  template <class T> void operator()(T* p) const { free(p); }
};
using nl_socket = std::unique_ptr<nl_sock, call<nl_socket_free>>;
using nl_cache_ptr = std::unique_ptr<nl_cache, call<nl_cache_free>>;
using nl_addr_ptr = std::unique_ptr<nl_addr, call<nl_addr_put>>;
using rtnl_link_ptr = std::unique_ptr<rtnl_link, call<rtnl_link_put>>;
using rtnl_addr_ptr = std::unique_ptr<rtnl_addr, call<rtnl_addr_put>>;
using rtnl_route_ptr = std::unique_ptr<rtnl_route, call<rtnl_route_put>>;

result<nl_socket> open_netlink();
failure netlink_failure(const std::string& what, int code);
/// 0 when there is none of that name.
result<int> index_of(nl_sock* socket, const std::string& name);
result<nl_addr_ptr> parse_address(const std::string& text);

} // namespace troupe::host
