#include "actors/controllers/node_ipam/plan.hpp"

#include <arpa/inet.h>
#include <cstdlib>
#include <optional>
#include <set>

namespace troupe::node_ipam {
namespace {

struct range {
  std::uint32_t base = 0; // host byte order
  int prefix = 0;
};

std::optional<range> parse(const std::string& cidr) {
  auto slash = cidr.find('/');
  in_addr a{};
  if (slash == std::string::npos || inet_pton(AF_INET, cidr.substr(0, slash).c_str(), &a) != 1)
    return std::nullopt;
  range out{.base = ntohl(a.s_addr), .prefix = std::atoi(cidr.c_str() + slash + 1)};
  if (out.prefix < 1 || out.prefix > 32)
    return std::nullopt;
  return out;
}

std::string text(std::uint32_t base, int prefix) {
  in_addr a{.s_addr = htonl(base)};
  char out[INET_ADDRSTRLEN];
  inet_ntop(AF_INET, &a, out, sizeof(out));
  return std::string{out} + "/" + std::to_string(prefix);
}

} // namespace

control::actions plan(const observed& o) {
  auto all = parse(o.cluster_cidr);
  if (!all || o.node_mask < all->prefix || o.node_mask > 30)
    return {};
  auto count = std::uint64_t{1} << (o.node_mask - all->prefix);
  auto size = std::uint64_t{1} << (32 - o.node_mask);
  std::set<std::string> taken;
  for (const auto& n : o.nodes)
    taken.insert(n.pod_cidr);
  control::actions out;
  std::uint64_t next = 0;
  for (const auto& n : o.nodes) {
    if (!n.pod_cidr.empty() || n.meta.deleted)
      continue;
    std::string chosen;
    for (; next < count && chosen.empty(); ++next) {
      auto candidate = text(all->base + static_cast<std::uint32_t>(next * size), o.node_mask);
      if (taken.insert(candidate).second)
        chosen = candidate;
    }
    if (chosen.empty()) {
      out.push_back(control::emit{.about = control::at(control::of::nodes, n.meta),
                                  .api_version = "v1",
                                  .object_kind = "Node",
                                  .what = control::emit::kind::warning,
                                  .reason = "CIDRNotAvailable",
                                  .message = "no subnet of " + o.cluster_cidr + " is free"});
      continue;
    }
    out.push_back(control::patch{.at = control::exactly(control::of::nodes, n.meta),
                                 .body = R"({"spec":{"podCIDR":")" + chosen + R"(","podCIDRs":[")"
                                         + chosen + "\"]}}"});
  }
  return out;
}

} // namespace troupe::node_ipam
