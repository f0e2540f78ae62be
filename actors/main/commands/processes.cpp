// The commands that become a long-running process.
#include "actors/main/master.hpp"
#include "actors/main/node.hpp"
#include "actors/main/program.hpp"
#include "config/pki/files.hpp"
#include "config/settings/settings.hpp"
#include "netd/balancer/balancer.hpp"

#include <iostream>

namespace troupe::program {
namespace {

result<balancer::backend_address> address_of(const std::string& text) {
  auto colon = text.rfind(':');
  if (colon == std::string::npos)
    return failure{.reason = reason::bad_request,
                   .message = "read the address '" + text + "': it must be HOST:PORT"};
  return balancer::backend_address{text.substr(0, colon),
                                   static_cast<std::uint16_t>(std::stoul(text.substr(colon + 1)))};
}

template <class T>
result<T> settings_from(const std::string& config, const std::vector<std::string>& sets) {
  return settings::load<T>({.file = config, .environment = settings::environment(), .sets = sets});
}

} // namespace

result<int> master_command(const std::string& config, const std::vector<std::string>& sets) {
  OR_RETURN(auto with, settings_from<settings::master>(config, sets));
  return run_master(with);
}

result<int> node_command(const std::string& config, const std::vector<std::string>& sets) {
  OR_RETURN(auto with, settings_from<settings::node>(config, sets));
  return run_node(with);
}

result<int> balancer_command(const balancer_options& o) {
  balancer::settings with;
  OR_RETURN(auto listen, address_of(o.listen));
  with.listen_address = listen.address;
  with.listen_port = listen.port;
  for (const auto& b : o.backends) {
    OR_RETURN(auto backend, address_of(b));
    with.backends.push_back(backend);
  }
  OR_RETURN(with.ca_pem, pki::read_file(o.ca_file));
  CHECK_RETURN(balancer::run_balancer(with));
  return 0;
}

std::string server_version() { return "v1.36.0+troupe.1"; }

int version_command() {
  std::cout << "troupe " << server_version() << std::endl;
  return 0;
}

} // namespace troupe::program
