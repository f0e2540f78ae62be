#include "netd/podnet/pod_network.hpp"

#include "netd/host/link.hpp"
#include "netd/host/sysctl.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace troupe::netd {
namespace {

void keep_first(result<void>& first, result<void> next) {
  if (first && !next)
    first = std::move(next);
}

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

/// Readers see the old content or the new. Not synced: after a power cut it is compared and
/// written again.
result<void> write_atomically(const std::string& path, const std::string& content) {
  auto next = path + ".next"; // a suffix that no CNI reader loads
  {
    std::ofstream out(next, std::ios::binary | std::ios::trunc);
    out << content << std::flush;
    if (!out)
      return system_failure("write " + next, errno);
  }
  std::error_code error;
  std::filesystem::rename(next, path, error);
  if (error)
    return system_failure("put " + next + " in place", error.value());
  return {};
}

result<void> make_directory(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error)
    return system_failure("make the folder " + path.string(), error.value());
  return {};
}

constexpr std::uint32_t usual_mtu = 1500;

} // namespace

host_gateway::host_gateway(podnet_options options) : options_(std::move(options)) {}

result<void> host_gateway::set(const std::string& setting, const std::string& value) {
  OR_RETURN(auto before, host::read_sysctl(setting));
  if (before == value)
    return {};
  CHECK_RETURN(host::write_sysctl(setting, value));
  found_.emplace(setting, before);
  return {};
}

result<void> host_gateway::set_kernel() {
  CHECK_RETURN(set("net/ipv4/ip_forward", "1"));
  // Loose: an answer may come by another interface than the kernel would take.
  CHECK_RETURN(set("net/ipv4/conf/all/rp_filter", "2"));
  // Packets between pods of one bridge pass the service rules too: the answer of a pod that was
  // reached by its cluster IP must be translated back.
  auto bridged = set("net/bridge/bridge-nf-call-iptables", "1");
  if (!bridged)
    return failure{.message = bridged.error().message + " (is the module br_netfilter loaded?)"};
  return {};
}

result<void> host_gateway::set_routes(const std::vector<host::route>& wanted) {
  OR_RETURN(auto own, host::own_routes());
  auto change = differ(options_, own, wanted);
  result<void> first;
  for (const auto& destination : change.gone)
    keep_first(first, host::delete_route(destination));
  for (const auto& r : change.set)
    keep_first(first, host::replace_route(r));
  return first;
}

result<void> host_gateway::write_cni(const node_network& self) {
  auto link = host::interface_with(self.address);
  auto text = cni_config(options_, self.pod_cidr, link ? link->mtu : usual_mtu);
  if (content_of(options_.cni_file) == text)
    return {};
  CHECK_RETURN(make_directory(options_.ipam_dir));
  CHECK_RETURN(make_directory(std::filesystem::path(options_.cni_file).parent_path()));
  return write_atomically(options_.cni_file, text);
}

result<void> host_gateway::apply(const podnet_plan& plan) {
  auto first = set_kernel();
  keep_first(first, set_routes(plan.routes));
  if (plan.self)
    keep_first(first, write_cni(*plan.self));
  return first;
}

result<void> host_gateway::close() {
  result<void> first;
  std::error_code error;
  bool was_there = std::filesystem::remove(options_.cni_file, error);
  if (error)
    keep_first(first, system_failure("remove " + options_.cni_file, error.value()));
  if (was_there) // else a bridge of that name is somebody else's
    keep_first(first, host::delete_link(options_.bridge));
  keep_first(first, set_routes({}));
  for (const auto& [setting, value] : found_)
    keep_first(first, host::write_sysctl(setting, value));
  found_.clear();
  return first;
}

} // namespace troupe::netd
