#include "netd/host/conntrack.hpp"

#include "netd/host/netlink.hpp"

#include <arpa/inet.h>
#include <array>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <vector>

namespace troupe::host {
namespace {

using nl_msg_ptr = std::unique_ptr<nl_msg, call<nlmsg_free>>;
using bytes = std::vector<char>;

constexpr int message_type(int order) { return (NFNL_SUBSYS_CTNETLINK << 8) | order; }
constexpr nfgenmsg header{.nfgen_family = AF_INET, .version = NFNETLINK_V0, .res_id = 0};

struct tuple {
  std::uint8_t protocol = 0;
  std::string destination;
  std::string source;
  std::uint16_t destination_port = 0;
  std::uint16_t source_port = 0;
};

std::string address_of(nlattr* at) {
  if (!at || nla_len(at) != sizeof(in_addr))
    return {};
  std::array<char, INET_ADDRSTRLEN> text{};
  inet_ntop(AF_INET, nla_data(at), text.data(), text.size());
  return text.data();
}

std::uint16_t port_of(nlattr* at) { return at ? ntohs(nla_get_u16(at)) : std::uint16_t{0}; }

tuple read_tuple(nlattr* at) {
  tuple out;
  std::array<nlattr*, CTA_TUPLE_MAX + 1> parts{};
  std::array<nlattr*, CTA_IP_MAX + 1> ip{};
  std::array<nlattr*, CTA_PROTO_MAX + 1> protocol{};
  if (!at || nla_parse_nested(parts.data(), CTA_TUPLE_MAX, at, nullptr) < 0 || !parts[CTA_TUPLE_IP]
      || !parts[CTA_TUPLE_PROTO]
      || nla_parse_nested(ip.data(), CTA_IP_MAX, parts[CTA_TUPLE_IP], nullptr) < 0
      || nla_parse_nested(protocol.data(), CTA_PROTO_MAX, parts[CTA_TUPLE_PROTO], nullptr) < 0)
    return out;
  out.protocol = protocol[CTA_PROTO_NUM] ? nla_get_u8(protocol[CTA_PROTO_NUM]) : std::uint8_t{0};
  out.source = address_of(ip[CTA_IP_V4_SRC]);
  out.destination = address_of(ip[CTA_IP_V4_DST]);
  out.source_port = port_of(protocol[CTA_PROTO_SRC_PORT]);
  out.destination_port = port_of(protocol[CTA_PROTO_DST_PORT]);
  return out;
}

struct search {
  const std::function<bool(const udp_flow&)>& which;
  std::vector<bytes> found; // the content of CTA_TUPLE_ORIG, which names a flow
};

int look_at(nl_msg* message, void* context) {
  auto& s = *static_cast<search*>(context);
  std::array<nlattr*, CTA_MAX + 1> all{};
  if (nlmsg_parse(nlmsg_hdr(message), sizeof(nfgenmsg), all.data(), CTA_MAX, nullptr) < 0)
    return NL_SKIP;
  auto sent = read_tuple(all[CTA_TUPLE_ORIG]);
  auto answered = read_tuple(all[CTA_TUPLE_REPLY]);
  if (sent.protocol == IPPROTO_UDP
      && s.which({.destination = sent.destination,
                  .port = sent.destination_port,
                  .answerer = answered.source,
                  .answer_port = answered.source_port})) {
    const auto* begin = static_cast<const char*>(nla_data(all[CTA_TUPLE_ORIG]));
    s.found.emplace_back(begin, begin + nla_len(all[CTA_TUPLE_ORIG]));
  }
  return NL_OK;
}

result<void> forget(nl_sock* socket, const bytes& flow) {
  nl_msg_ptr message{nlmsg_alloc_simple(message_type(IPCTNL_MSG_CT_DELETE), NLM_F_REQUEST)};
  auto content = header;
  if (!message || nlmsg_append(message.get(), &content, sizeof(content), NLMSG_ALIGNTO) < 0
      || nla_put(message.get(), CTA_TUPLE_ORIG | NLA_F_NESTED, static_cast<int>(flow.size()),
                 flow.data())
           < 0)
    return failure{.message = "forget a UDP flow: out of memory"};
  int rc = nl_send_auto(socket, message.get());
  if (rc >= 0)
    rc = nl_wait_for_ack(socket);
  if (rc < 0 && rc != -NLE_OBJ_NOTFOUND) // it may have ended by itself
    return netlink_failure("forget a UDP flow", rc);
  return {};
}

} // namespace

result<std::size_t> forget_udp(const std::function<bool(const udp_flow&)>& which) {
  nl_socket socket{nl_socket_alloc()};
  if (!socket)
    return failure{.message = "open a netlink socket: out of memory"};
  if (int rc = nl_connect(socket.get(), NETLINK_NETFILTER); rc < 0)
    return netlink_failure("open a netlink socket for connection tracking", rc);
  nl_socket_set_msg_buf_size(socket.get(), 64 * 1024);
  search s{.which = which, .found = {}};
  nl_socket_modify_cb(socket.get(), NL_CB_VALID, NL_CB_CUSTOM, look_at, &s);
  auto content = header;
  int rc = nl_send_simple(socket.get(), message_type(IPCTNL_MSG_CT_GET), NLM_F_DUMP, &content,
                          sizeof(content));
  if (rc >= 0)
    rc = nl_recvmsgs_default(socket.get());
  if (rc < 0)
    return netlink_failure("list the UDP flows", rc);
  for (const auto& flow : s.found)
    CHECK_RETURN(forget(socket.get(), flow));
  return s.found.size();
}

} // namespace troupe::host
