// token create: a Secret in kube-system with which a machine may join.
#include "actors/main/join/token.hpp"

#include "actors/api/http/client.hpp"
#include "actors/main/program.hpp"
#include "config/kubeconfig/kubeconfig.hpp"
#include "config/settings/values.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace troupe::program {
namespace {

constexpr duration deadline = 10s;

/// None: for ever.
result<std::optional<instant>> expiry(const std::string& ttl) {
  duration life{};
  if (auto good = settings::read(life, settings::written_text(ttl)); !good || life < 0s)
    return failure{.reason = reason::bad_request,
                   .message = "read --ttl '" + ttl + "': it must be like 30m or 24h, or 0"};
  if (life == 0s)
    return std::optional<instant>{};
  return std::optional<instant>{std::chrono::system_clock::now() + life};
}

result<void> create(const kubeconfig::access& as, const nlohmann::json& secret) {
  OR_RETURN(auto at, kubeconfig::parse_server(as.server));
  OR_RETURN(auto tls, pki::tls_context::client({.certificate_pem = as.certificate_pem,
                                                .key_pem = as.key_pem,
                                                .ca_pem = as.ca_pem,
                                                .check = pki::peer_check::required,
                                                .alpn = {"http/1.1"}}));
  http::client client{{.host = at.host, .port = at.port, .server_name = as.server_name}, tls};
  OR_RETURN(auto answer, client.ask({.method = "POST",
                                     .target = at.path + "/api/v1/namespaces/kube-system/secrets",
                                     .fields = {{"Content-Type", "application/json"}},
                                     .body = secret.dump(),
                                     .from = {}},
                                    deadline));
  if (answer.code < 300)
    return {};
  auto tree = answer.body ? nlohmann::json::parse(*answer.body, nullptr, false) : nlohmann::json{};
  return failure{.reason = reason_of(answer.code),
                 .message = tree.is_object() ? tree.value("message", "")
                                             : "HTTP code " + std::to_string(answer.code)};
}

/// HOST:PORT as --join takes it.
std::string address_of(const kubeconfig::access& as) {
  auto scheme = as.server.find("://");
  return scheme == std::string::npos ? as.server : as.server.substr(scheme + 3);
}

} // namespace

result<int> token_create_command(const common_options& common, const token_options& o) {
  OR_RETURN(auto expires, expiry(o.ttl));
  auto file = common.data_dir + "/kubeconfig";
  auto as = kubeconfig::load(file);
  if (!as)
    return failure{.reason = as.error().reason,
                   .message =
                     as.error().message + "; tokens are made where a master's --data-dir is"};
  auto role = o.master ? join::role::master : join::role::node;
  auto t = join::make_token();
  if (auto made = create(*as, join::secret_of(t, role, expires)); !made)
    return failure{.reason = made.error().reason,
                   .message = "create the token at " + as->server + ": " + made.error().message};
  if (!o.join_command) {
    std::cout << t.text() << std::endl;
    return 0;
  }
  OR_RETURN(auto ca, pki::certificate::from_pem(as->ca_pem));
  std::cout << "troupe " << join::text_of(role) << " --join " << address_of(*as) << " --token "
            << t.text() << " --ca-hash " << ca.public_key().public_hash() << std::endl;
  return 0;
}

} // namespace troupe::program
