#include "actors/api/pipeline/keys.hpp"

namespace troupe::pipeline {
namespace {

constexpr std::string_view registry = "/registry/";
constexpr std::string_view core = "core";

} // namespace

std::string prefix_of(std::string_view group, std::string_view plural, std::string_view ns) {
  std::string out{registry};
  out.append(group.empty() ? core : group).append("/").append(plural).append("/");
  if (!ns.empty())
    out.append(ns).append("/");
  return out;
}

std::string key_of(const object_key& k) { return prefix_of(k.group, k.plural, k.ns) + k.name; }

std::optional<object_key> parse_key(std::string_view key) {
  if (key.substr(0, registry.size()) != registry)
    return std::nullopt;
  key.remove_prefix(registry.size());
  std::string_view parts[4];
  std::size_t count = 0;
  for (;;) {
    if (count == 4)
      return std::nullopt;
    auto slash = key.find('/');
    parts[count++] = key.substr(0, slash);
    if (slash == key.npos)
      break;
    key.remove_prefix(slash + 1);
  }
  for (std::size_t i = 0; i < count; ++i)
    if (parts[i].empty())
      return std::nullopt;
  if (count < 3)
    return std::nullopt;
  return object_key{.group = std::string{parts[0] == core ? "" : parts[0]},
                    .plural = std::string{parts[1]},
                    .ns = std::string{count == 4 ? parts[2] : ""},
                    .name = std::string{parts[count - 1]}};
}

std::string cluster_ip_key(std::string_view address) {
  return std::string{"/allocations/clusterips/"}.append(address);
}
std::string node_port_key(std::uint16_t port) {
  return "/allocations/nodeports/" + std::to_string(port);
}

} // namespace troupe::pipeline
