// Exec, attach and port-forward: the kubelet finds the container and lets the runtime's own server
// speak to the client.
#pragma once

#include "actors/api/http/client.hpp"
#include "actors/api/http/mapping.hpp"
#include "actors/api/http/server.hpp"
#include "actors/kubelet/engine/protocol.hpp"
#include "config/base/result.hpp"

#include <map>
#include <memory>
#include <string>

namespace troupe::kubelet {

/// http://HOST:PORT/PATH taken apart.
struct stream_address {
  std::string host;
  std::uint16_t port = 0;
  std::string path;
  bool operator==(const stream_address&) const = default;
};
result<stream_address> parse_stream_url(std::string_view url);

/// What a client wants of exec or attach: by the API's names (stdin=true) or the kubelet's
/// (input=1).
engine::stream_kinds stream_kinds_of(const http::target& target);
std::vector<std::string> command_of(const http::target& target);
std::vector<std::int32_t> ports_of(const http::target& target);

/// The request as the runtime's server gets it: that path, and what the upgrade consists of.
http::request upgrade_request(const http::request& asked, const stream_address& at);

/// Connections to the runtime's stream servers, by address.
class stream_clients {
public:
  std::shared_ptr<http::client> to(const stream_address& at);

private:
  std::map<std::pair<std::string, std::uint16_t>, std::shared_ptr<http::client>> known_;
};

/// Hands the client over to the runtime; a refusal is passed on as it is.
void hand_over(const std::shared_ptr<http::client>& runtime, const http::request& asked,
               const stream_address& at, const http::responder& to);

} // namespace troupe::kubelet
