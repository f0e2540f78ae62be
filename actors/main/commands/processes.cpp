// The commands that become a long-running process.
#include "actors/main/join/enter.hpp"
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

join::enter_options enter_options_of(const common_options& common, const member_options& o) {
  return {.data_dir = common.data_dir,
          .config = o.config,
          .sets = o.sets,
          .address = o.join,
          .token = o.token,
          .ca_hash = o.ca_hash};
}

/// A file says everything, as `troupe up` writes it.
bool is_by_config(const member_options& o) {
  return !o.config.empty() && !o.new_cluster && o.join.empty();
}

failure not_a_member(const common_options& common, const std::string& mend) {
  return {.reason = reason::bad_request,
          .message = common.data_dir + " belongs to no cluster yet: " + mend};
}

} // namespace

result<int> master_command(const common_options& common, const member_options& o) {
  auto enters = enter_options_of(common, o);
  if (is_by_config(o)) {
    OR_RETURN(auto with, settings_from<settings::master>(o.config, o.sets));
    return run_master(with);
  }
  if (join::is_member(common.data_dir)) {
    OR_RETURN(auto with, join::own_settings<settings::master>(enters));
    if (!o.new_cluster) // else it was interrupted before its first start
      CHECK_RETURN(join::check_store(with));
    return run_master(with);
  }
  if (o.new_cluster) {
    OR_RETURN(auto with, join::found(enters));
    std::cout << with.data_dir << "/kubeconfig" << std::endl;
    return run_master(with);
  }
  if (o.join.empty())
    return not_a_member(common, "found a cluster with --new-cluster, or join one with --join "
                                "ADDRESS --token T --ca-hash H");
  OR_RETURN(auto with, join::join_as_master(enters));
  std::cout << with.data_dir << "/kubeconfig" << std::endl;
  return run_master(with);
}

result<int> node_command(const common_options& common, const member_options& o) {
  auto enters = enter_options_of(common, o);
  if (is_by_config(o)) {
    OR_RETURN(auto with, settings_from<settings::node>(o.config, o.sets));
    return run_node(with);
  }
  if (join::is_member(common.data_dir)) {
    OR_RETURN(auto with, join::own_settings<settings::node>(enters));
    return run_node(with);
  }
  if (o.join.empty())
    return not_a_member(common, "join a cluster with --join ADDRESS --token T --ca-hash H");
  OR_RETURN(auto with, join::join_as_node(enters));
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
