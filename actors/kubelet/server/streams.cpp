#include "actors/kubelet/server/streams.hpp"

#include "actors/kubelet/server/tunnel.hpp"

#include <charconv>

namespace troupe::kubelet {

namespace {

constexpr auto upgrade_deadline = 30s;
constexpr const char* passed_on[] = {"Connection",
                                     "Upgrade",
                                     "X-Stream-Protocol-Version",
                                     "Sec-WebSocket-Key",
                                     "Sec-WebSocket-Version",
                                     "Sec-WebSocket-Protocol",
                                     "Sec-WebSocket-Extensions",
                                     "Origin"};
constexpr const char* passed_back[] = {"Connection", "Upgrade", "X-Stream-Protocol-Version",
                                       "Sec-WebSocket-Accept", "Sec-WebSocket-Protocol"};

bool on(const http::target& target, std::string_view api_name, std::string_view own_name) {
  auto text = target.has(api_name) ? target.option(api_name) : target.option(own_name);
  return text == "true" || text == "1";
}

} // namespace

result<stream_address> parse_stream_url(std::string_view url) {
  auto bad = [&] {
    return failure{.reason = reason::internal,
                   .message = "the runtime's stream has no address: " + std::string(url)};
  };
  auto rest = url;
  if (!rest.starts_with("http://"))
    return bad();
  rest.remove_prefix(7);
  auto slash = rest.find('/');
  auto host = rest.substr(0, slash);
  auto colon = host.rfind(':');
  if (slash == std::string_view::npos || colon == std::string_view::npos)
    return bad();
  stream_address out;
  out.path = rest.substr(slash);
  auto port = host.substr(colon + 1);
  auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
  if (error != std::errc() || end != port.data() + port.size())
    return bad();
  out.host = host.substr(0, colon);
  if (out.host.starts_with('[') && out.host.ends_with(']'))
    out.host = out.host.substr(1, out.host.size() - 2);
  return out;
}

engine::stream_kinds stream_kinds_of(const http::target& target) {
  engine::stream_kinds out{.in = on(target, "stdin", "input"),
                           .out = on(target, "stdout", "output"),
                           .err = on(target, "stderr", "error"),
                           .tty = on(target, "tty", "tty")};
  if (out.tty)
    out.err = false; // a terminal has one output
  return out;
}

std::vector<std::string> command_of(const http::target& target) {
  std::vector<std::string> out;
  for (const auto& [key, value] : target.query)
    if (key == "command")
      out.push_back(value);
  return out;
}

std::vector<std::int32_t> ports_of(const http::target& target) {
  std::vector<std::int32_t> out;
  for (const auto& [key, value] : target.query) {
    std::int32_t port = 0;
    auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), port);
    if ((key == "ports" || key == "port") && error == std::errc() && port > 0 && port < 65536)
      out.push_back(port);
  }
  return out;
}

http::request upgrade_request(const http::request& asked, const stream_address& at) {
  http::request out;
  out.method = asked.method;
  out.target = at.path;
  out.fields.add("Host", at.host + ":" + std::to_string(at.port));
  for (const auto* name : passed_on)
    for (auto value : asked.fields.all(name))
      out.fields.add(name, std::string(value));
  if (!asked.fields.has("Content-Length") && asked.method == "POST")
    out.fields.add("Content-Length", "0");
  return out;
}

std::shared_ptr<http::client> stream_clients::to(const stream_address& at) {
  auto& client = known_[{at.host, at.port}];
  if (!client)
    client = std::make_shared<http::client>(http::client_settings{.host = at.host, .port = at.port},
                                            std::nullopt);
  return client;
}

void hand_over(const std::shared_ptr<http::client>& runtime, const http::request& asked,
               const stream_address& at, const http::responder& to) {
  runtime->upgrade(upgrade_request(asked, at), upgrade_deadline,
                   [to](result<http::client::upgraded> r) {
                     if (!r)
                       return to.answer(http::failure_response(r.error()));
                     if (!r->tunnel)
                       return to.answer(std::move(r->head));
                     http::fields head;
                     for (const auto* name : passed_back)
                       for (auto value : r->head.fields.all(name))
                         head.add(name, std::string(value));
                     join(to.upgrade(std::move(head)), *r->tunnel);
                   });
}

} // namespace troupe::kubelet
