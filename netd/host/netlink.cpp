#include "netd/host/netlink.hpp"

#include <linux/rtnetlink.h>

namespace troupe::host {

failure netlink_failure(const std::string& what, int code) {
  return {.reason = reason::internal, .message = what + ": " + nl_geterror(code)};
}

result<nl_socket> open_netlink() {
  nl_socket socket{nl_socket_alloc()};
  if (!socket)
    return failure{.message = "open a netlink socket: out of memory"};
  if (int rc = nl_connect(socket.get(), NETLINK_ROUTE); rc < 0)
    return netlink_failure("open a netlink socket", rc);
  return socket;
}

result<int> index_of(nl_sock* socket, const std::string& name) {
  rtnl_link* found = nullptr;
  int rc = rtnl_link_get_kernel(socket, 0, name.c_str(), &found);
  if (rc == -NLE_OBJ_NOTFOUND || rc == -NLE_NODEV)
    return 0;
  if (rc < 0)
    return netlink_failure("look up interface " + name, rc);
  rtnl_link_ptr link{found};
  return rtnl_link_get_ifindex(link.get());
}

result<nl_addr_ptr> parse_address(const std::string& text) {
  nl_addr* parsed = nullptr;
  if (int rc = nl_addr_parse(text.c_str(), AF_INET, &parsed); rc < 0)
    return netlink_failure("read address '" + text + "'", rc);
  return nl_addr_ptr{parsed};
}

} // namespace troupe::host
