#include "actors/main/commands/cluster.hpp"

#include "actors/main/join/enter.hpp"
#include "actors/main/masters.hpp"
#include "config/kubeconfig/kubeconfig.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::program {

using nlohmann::json;

result<cluster_client> cluster_client::open(const common_options& common) {
  cluster_client out;
  auto started_here = up::load_state(common.data_dir + "/up.json");
  if (!started_here && !join::is_member(common.data_dir))
    return std::move(started_here).error();
  OR_RETURN(auto access, kubeconfig::load(common.data_dir + "/kubeconfig"));
  OR_RETURN(auto server, kubeconfig::parse_server(access.server));
  out.host_ = server.host;
  out.port_ = server.port;
  OR_RETURN(auto tls, pki::tls_context::client({.certificate_pem = access.certificate_pem,
                                                .key_pem = access.key_pem,
                                                .ca_pem = access.ca_pem,
                                                .check = pki::peer_check::required}));
  out.tls_ = std::move(tls);
  if (started_here)
    out.state_ = std::move(*started_here);
  else
    CHECK_RETURN(out.discover());
  return out;
}

result<void> cluster_client::discover() {
  OR_RETURN(auto told, ask(host_, port_, "GET", "/troupe/status", 2s));
  state_.pid = up::elsewhere;
  for (const auto& m : told.value("masters", json::array()))
    state_.processes.push_back({.name = m.value("name", ""),
                                .kind = "master",
                                .pid = up::elsewhere,
                                .address = host_of(m.value("address", "")),
                                .port = told.value("api_port", std::uint16_t{6443})});
  OR_RETURN(auto nodes, api("/api/v1/nodes"));
  for (const auto& n : nodes.value("items", json::array())) {
    up::process_state p{
      .name = n.at("metadata").value("name", ""),
      .kind = "node",
      .pid = up::elsewhere,
      .address = {},
      .port = n.value(json::json_pointer("/status/daemonEndpoints/kubeletEndpoint/Port"),
                      std::uint16_t{10250})};
    for (const auto& a : n.value(json::json_pointer("/status/addresses"), json::array()))
      if (a.value("type", "") == "InternalIP")
        p.address = a.value("address", "");
    state_.processes.push_back(std::move(p));
  }
  return {};
}

const up::process_state* cluster_client::find(std::string_view name) const {
  auto found = std::find_if(state_.processes.begin(), state_.processes.end(),
                            [&](const auto& p) { return p.name == name; });
  return found == state_.processes.end() ? nullptr : &*found;
}

result<json> cluster_client::ask(const std::string& host, std::uint16_t port, std::string method,
                                 const std::string& target, duration deadline) {
  auto& client = clients_[host + ":" + std::to_string(port)];
  if (!client)
    client =
      std::make_shared<http::client>(http::client_settings{.host = host, .port = port}, tls_);
  OR_RETURN(auto answer,
            client->ask(
              {.method = std::move(method), .target = target, .fields = {}, .body = {}, .from = {}},
              deadline));
  auto tree = answer.body ? json::parse(*answer.body, nullptr, false) : json{};
  if (answer.code >= 300) {
    auto text = tree.is_object() ? tree.value("message", "") : std::string{};
    return failure{.reason = reason_of(answer.code),
                   .message = text.empty() ? "HTTP code " + std::to_string(answer.code) : text};
  }
  if (tree.is_discarded())
    return failure{.reason = reason::internal, .message = "the answer of " + host + " is no JSON"};
  return tree;
}

result<json> cluster_client::get(const up::process_state& of, const std::string& target,
                                 duration deadline) {
  return ask(of.address, of.port, "GET", target, deadline);
}

result<json> cluster_client::post(const up::process_state& of, const std::string& target,
                                  duration deadline) {
  return ask(of.address, of.port, "POST", target, deadline);
}

result<json> cluster_client::api(const std::string& target, duration deadline) {
  return ask(host_, port_, "GET", target, deadline);
}

} // namespace troupe::program
