// How the command line reaches the processes of a cluster: their HTTPS, as the administrator.
#pragma once

#include "actors/api/http/client.hpp"
#include "actors/main/program.hpp"
#include "actors/main/up/state.hpp"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <map>
#include <memory>

namespace troupe::program {

class cluster_client {
public:
  /// Reads the cluster's kubeconfig, and what `troupe up` keeps of its processes; where it was not
  /// started by that, on a master that founded or joined it, asks the cluster who belongs to it.
  static result<cluster_client> open(const common_options& common);

  const up::state& state() const { return state_; }
  const up::process_state* find(std::string_view name) const;

  /// Asks one process (master or node) for JSON; failures of HTTP codes too.
  result<nlohmann::json> get(const up::process_state& of, const std::string& target,
                             duration deadline = 2s);
  result<nlohmann::json> post(const up::process_state& of, const std::string& target,
                              duration deadline = 2s);
  /// Follows a streamed answer of one process; `take` is called on another thread, and false ends
  /// it. Fails when nothing comes for `silent`, and on HTTP codes.
  result<void> stream(const up::process_state& of, const std::string& target,
                      const std::function<bool(std::string_view)>& take, duration silent);
  /// Asks the API at the kubeconfig's address.
  result<nlohmann::json> api(const std::string& target, duration deadline = 2s);

private:
  std::shared_ptr<http::client> client_of(const std::string& host, std::uint16_t port);
  result<nlohmann::json> ask(const std::string& host, std::uint16_t port, std::string method,
                             const std::string& target, duration deadline);

  result<void> discover();

  up::state state_;
  std::string host_ = "127.0.0.1"; // of the API
  std::uint16_t port_ = 0;
  std::optional<pki::tls_context> tls_;
  std::map<std::string, std::shared_ptr<http::client>> clients_;
};

} // namespace troupe::program
