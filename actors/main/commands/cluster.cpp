#include "actors/main/commands/cluster.hpp"

#include "actors/main/join/enter.hpp"
#include "actors/main/masters.hpp"
#include "config/kubeconfig/kubeconfig.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

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

std::shared_ptr<http::client> cluster_client::client_of(const std::string& host,
                                                        std::uint16_t port) {
  auto& client = clients_[host + ":" + std::to_string(port)];
  if (!client)
    client =
      std::make_shared<http::client>(http::client_settings{.host = host, .port = port}, tls_);
  return client;
}

namespace {

/// A failure that says what a Status says.
failure failure_of(int code, const json& status) {
  auto text = status.is_object() ? status.value("message", "") : std::string{};
  return {.reason = reason_of(code),
          .message = text.empty() ? "HTTP code " + std::to_string(code) : text};
}

/// What the asking thread and the client's share about one stream.
struct following {
  std::mutex lock;
  std::condition_variable changed;
  int code = 0;
  std::string refusal; // the body of another code than 200
  std::uint64_t pieces = 0;
  bool given_up = false;
  std::optional<result<void>> ended;
};

} // namespace

result<void> cluster_client::stream(const up::process_state& of, const std::string& target,
                                    const std::function<bool(std::string_view)>& take,
                                    duration silent) {
  constexpr std::size_t longest_refusal = 64U << 10;
  auto f = std::make_shared<following>();
  http::listener follow;
  follow.on_head = [f](int code, const http::fields&) {
    std::lock_guard guard{f->lock};
    f->code = code;
  };
  follow.on_data = [f, take](std::string_view bytes) {
    std::lock_guard guard{f->lock};
    ++f->pieces;
    if (f->code == 200)
      return !f->given_up && take(bytes);
    f->refusal.append(bytes.substr(0, longest_refusal - f->refusal.size()));
    return true;
  };
  follow.on_end = [f](result<void> how) {
    std::lock_guard guard{f->lock};
    f->ended = std::move(how);
    f->changed.notify_all();
  };
  auto under_way =
    client_of(of.address, of.port)
      ->open({.method = "GET", .target = target, .fields = {}, .body = {}, .from = {}}, silent,
             std::move(follow));
  std::unique_lock guard{f->lock};
  for (std::uint64_t seen = 0; !f->ended;) {
    if (f->changed.wait_for(guard, silent, [&] { return f->ended.has_value(); }))
      break;
    if (std::exchange(seen, f->pieces) != f->pieces)
      continue;
    f->given_up = true; // `take` is not called any more
    guard.unlock();
    under_way.cancel();
    return failure{.reason = reason::timeout, .message = of.name + " sends nothing any more"};
  }
  if (f->code >= 300)
    return failure_of(f->code, json::parse(f->refusal, nullptr, false));
  return std::move(*f->ended);
}

result<json> cluster_client::ask(const std::string& host, std::uint16_t port, std::string method,
                                 const std::string& target, duration deadline) {
  OR_RETURN(
    auto answer,
    client_of(host, port)
      ->ask({.method = std::move(method), .target = target, .fields = {}, .body = {}, .from = {}},
            deadline));
  auto tree = answer.body ? json::parse(*answer.body, nullptr, false) : json{};
  if (answer.code >= 300)
    return failure_of(answer.code, tree);
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
