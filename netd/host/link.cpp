#include "netd/host/link.hpp"

#include "netd/host/netlink.hpp"

#include <array>
#include <cstring>
#include <net/if.h>
#include <netlink/route/link/veth.h>

namespace troupe::host {
namespace {

result<void> change_flags(const std::string& name, bool up) {
  OR_RETURN(auto socket, open_netlink());
  OR_RETURN(auto index, index_of(socket.get(), name));
  if (index == 0)
    return failure{.reason = reason::not_found,
                   .message =
                     "set interface " + name + (up ? " up" : " down") + ": no such interface"};
  rtnl_link_ptr from{rtnl_link_alloc()};
  rtnl_link_ptr to{rtnl_link_alloc()};
  rtnl_link_set_ifindex(from.get(), index);
  if (up)
    rtnl_link_set_flags(to.get(), IFF_UP);
  else
    rtnl_link_unset_flags(to.get(), IFF_UP);
  if (int rc = rtnl_link_change(socket.get(), from.get(), to.get(), 0); rc < 0)
    return netlink_failure("set interface " + name + (up ? " up" : " down"), rc);
  return {};
}

/// A locally administered address that depends on the name alone (FNV-1a).
nl_addr_ptr hardware_address(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (unsigned char c : name)
    hash = (hash ^ c) * 0x100000001b3ULL;
  std::array<std::uint8_t, 6> bytes{0x02};
  for (std::size_t i = 1; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::uint8_t>(hash >> (8 * i));
  return nl_addr_ptr{nl_addr_build(AF_LLC, bytes.data(), bytes.size())};
}

} // namespace

result<void> create_bridge(const std::string& name, const std::string& cidr) {
  {
    OR_RETURN(auto socket, open_netlink());
    rtnl_link_ptr link{rtnl_link_alloc()};
    rtnl_link_set_type(link.get(), "bridge");
    rtnl_link_set_name(link.get(), name.c_str());
    if (int rc = rtnl_link_add(socket.get(), link.get(), NLM_F_CREATE | NLM_F_EXCL); rc < 0)
      return netlink_failure("create bridge " + name, rc);
  }
  if (!cidr.empty())
    CHECK_RETURN(add_address(name, cidr));
  return set_up(name);
}

result<void> create_veth(const std::string& name, const std::string& bridge,
                         const std::string& peer, pid_t pid) {
  OR_RETURN(auto socket, open_netlink());
  OR_RETURN(auto bridge_index, index_of(socket.get(), bridge));
  if (bridge_index == 0)
    return failure{.reason = reason::not_found,
                   .message = "create veth " + name + ": no bridge " + bridge};
  rtnl_link_ptr link{rtnl_link_veth_alloc()};
  rtnl_link_ptr other{rtnl_link_veth_get_peer(link.get())};
  rtnl_link_set_name(link.get(), name.c_str());
  rtnl_link_set_master(link.get(), bridge_index);
  rtnl_link_set_flags(link.get(), IFF_UP);
  rtnl_link_set_name(other.get(), peer.c_str());
  rtnl_link_set_addr(other.get(), hardware_address(name).get());
  rtnl_link_set_ns_pid(other.get(), pid);
  if (int rc = rtnl_link_add(socket.get(), link.get(), NLM_F_CREATE | NLM_F_EXCL); rc < 0)
    return netlink_failure("create veth " + name, rc);
  return {};
}

result<void> delete_link(const std::string& name) {
  OR_RETURN(auto socket, open_netlink());
  OR_RETURN(auto index, index_of(socket.get(), name));
  if (index == 0)
    return {};
  rtnl_link_ptr link{rtnl_link_alloc()};
  rtnl_link_set_ifindex(link.get(), index);
  int rc = rtnl_link_delete(socket.get(), link.get());
  if (rc < 0 && rc != -NLE_OBJ_NOTFOUND && rc != -NLE_NODEV)
    return netlink_failure("delete interface " + name, rc);
  return {};
}

result<void> set_up(const std::string& name) { return change_flags(name, true); }

result<void> set_down(const std::string& name) { return change_flags(name, false); }

result<void> add_address(const std::string& name, const std::string& cidr) {
  OR_RETURN(auto socket, open_netlink());
  OR_RETURN(auto index, index_of(socket.get(), name));
  if (index == 0)
    return failure{.reason = reason::not_found,
                   .message = "add address " + cidr + ": no interface " + name};
  OR_RETURN(auto local, parse_address(cidr));
  rtnl_addr_ptr address{rtnl_addr_alloc()};
  rtnl_addr_set_ifindex(address.get(), index);
  rtnl_addr_set_local(address.get(), local.get());
  int rc = rtnl_addr_add(socket.get(), address.get(), 0);
  if (rc < 0 && rc != -NLE_EXIST)
    return netlink_failure("add address " + cidr + " to " + name, rc);
  return {};
}

bool link_exists(const std::string& name) { return if_nametoindex(name.c_str()) != 0; }

result<std::vector<std::string>> addresses(const std::string& name) {
  OR_RETURN(auto socket, open_netlink());
  OR_RETURN(auto index, index_of(socket.get(), name));
  nl_cache* raw = nullptr;
  if (int rc = rtnl_addr_alloc_cache(socket.get(), &raw); rc < 0)
    return netlink_failure("list addresses of " + name, rc);
  nl_cache_ptr cache{raw};
  std::vector<std::string> out;
  for (auto* item = nl_cache_get_first(raw); item; item = nl_cache_get_next(item)) {
    auto* address = reinterpret_cast<rtnl_addr*>(item);
    if (rtnl_addr_get_ifindex(address) != index || rtnl_addr_get_family(address) != AF_INET)
      continue;
    std::array<char, 64> text{};
    nl_addr2str(rtnl_addr_get_local(address), text.data(), text.size());
    out.emplace_back(text.data());
  }
  return out;
}

result<interface> interface_with(const std::string& address) {
  OR_RETURN(auto socket, open_netlink());
  OR_RETURN(auto wanted, parse_address(address));
  nl_cache* raw = nullptr;
  if (int rc = rtnl_addr_alloc_cache(socket.get(), &raw); rc < 0)
    return netlink_failure("list addresses", rc);
  nl_cache_ptr cache{raw};
  for (auto* item = nl_cache_get_first(raw); item; item = nl_cache_get_next(item)) {
    auto* one = reinterpret_cast<rtnl_addr*>(item);
    auto* local = rtnl_addr_get_family(one) == AF_INET ? rtnl_addr_get_local(one) : nullptr;
    // Compared without the prefix lengths, which differ.
    if (!local || nl_addr_get_len(local) != nl_addr_get_len(wanted.get())
        || memcmp(nl_addr_get_binary_addr(local), nl_addr_get_binary_addr(wanted.get()),
                  nl_addr_get_len(local))
             != 0)
      continue;
    rtnl_link* found = nullptr;
    if (int rc = rtnl_link_get_kernel(socket.get(), rtnl_addr_get_ifindex(one), nullptr, &found);
        rc < 0)
      return netlink_failure("look up the interface with address " + address, rc);
    rtnl_link_ptr link{found};
    return interface { .name = rtnl_link_get_name(found), .mtu = rtnl_link_get_mtu(found) };
  }
  return failure{.reason = reason::not_found, .message = "no interface has address " + address};
}

} // namespace troupe::host
