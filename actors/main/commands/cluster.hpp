// How the command line reaches the processes of a cluster: their HTTPS, as the administrator.
#pragma once

#include "actors/api/http/client.hpp"
#include "actors/main/program.hpp"
#include "actors/main/up/state.hpp"

#include <nlohmann/json_fwd.hpp>

#include <map>
#include <memory>

namespace troupe::program {

class cluster_client {
public:
  /// Reads the cluster's state file and kubeconfig.
  static result<cluster_client> open(const common_options& common);

  const up::state& state() const { return state_; }
  const up::process_state* find(std::string_view name) const;

  /// Asks one process (master or node) for JSON; failures of HTTP codes too.
  result<nlohmann::json> get(const up::process_state& of, const std::string& target,
                             duration deadline = 2s);
  result<nlohmann::json> post(const up::process_state& of, const std::string& target,
                              duration deadline = 2s);
  /// Asks the API through the balancers.
  result<nlohmann::json> api(const std::string& target, duration deadline = 2s);

private:
  result<nlohmann::json> ask(const std::string& host, std::uint16_t port, std::string method,
                             const std::string& target, duration deadline);

  up::state state_;
  std::optional<pki::tls_context> tls_;
  std::map<std::string, std::shared_ptr<http::client>> clients_;
};

} // namespace troupe::program
