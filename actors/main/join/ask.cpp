#include "actors/main/join/ask.hpp"

#include "actors/api/http/client.hpp"

#include <nlohmann/json.hpp>

#include <charconv>
#include <iostream>
#include <poll.h>

namespace troupe::join {
namespace {

constexpr duration try_for = 60s;
constexpr duration one_answer = 20s;
constexpr int again_ms = 500;
constexpr std::uint16_t usual_port = 6443;

instant now() { return std::chrono::system_clock::now(); }

/// What the server says in its Status.
failure refused(const http::response& r) {
  auto tree = r.body ? nlohmann::json::parse(*r.body, nullptr, false) : nlohmann::json{};
  auto text = tree.is_object() ? tree.value("message", "") : std::string{};
  return {.reason = reason_of(r.code),
          .message = text.empty() ? "HTTP code " + std::to_string(r.code) : text};
}

bool may_change(const failure& why) {
  return why.reason == reason::unavailable || why.reason == reason::too_many_requests
         || why.reason == reason::timeout;
}

bool is_untrusted(const failure& why) {
  return why.message.find("certificate verify failed") != std::string::npos; // OpenSSL's words
}

/// A handshake that fails by the hash looks like any other that fails: the cause is all but
/// certain.
failure explained(const entry& e, failure why) {
  if (is_untrusted(why))
    why.message += "; the authority there has not the hash " + e.ca_hash
                   + ": compare it with what `troupe token create` prints";
  why.message = "join " + e.at.host + ":" + std::to_string(e.at.port) + ": " + why.message;
  return why;
}

result<answer> ask_once(const entry& e, http::client& client, const std::string& body) {
  http::request what{
    .method = "POST",
    .target = path,
    .fields = {{"Authorization", "Bearer " + e.token}, {"Content-Type", "application/json"}},
    .body = body,
    .from = {}};
  OR_RETURN(auto r, client.ask(what, one_answer));
  if (r.code != 200 || !r.body)
    return refused(r);
  return read_answer(*r.body);
}

result<answer> ask_patiently(const entry& e, const std::string& body) {
  OR_RETURN(auto tls, pki::tls_context::client({.alpn = {"http/1.1"}, .ca_hash = e.ca_hash}));
  // Every master's certificate is for this name too, whatever address leads there.
  http::client client{{.host = e.at.host, .port = e.at.port, .server_name = "kubernetes"}, tls};
  auto deadline = now() + try_for;
  std::string said;
  while (true) {
    auto got = ask_once(e, client, body);
    bool over = now() >= deadline;
    if (got || over || !may_change(got.error()) || is_untrusted(got.error()))
      return got;
    if (said != got.error().message)
      std::cerr << "waiting to join: " << (said = got.error().message) << std::endl;
    poll(nullptr, 0, again_ms);
  }
}

} // namespace

result<kernel::endpoint> door_of(const std::string& address) {
  failure wrong{.reason = reason::bad_request,
                .message = "read the address '" + address + "': it must be HOST or HOST:PORT"};
  auto colon = address.rfind(':');
  if (address.empty() || colon == 0)
    return wrong;
  if (colon == std::string::npos || (address.front() != '[' && address.find(':') != colon)
      || address.back() == ']') {
    auto host = address.front() == '[' ? address.substr(1, address.size() - 2) : address;
    return kernel::endpoint{host, usual_port};
  }
  std::uint16_t port = 0;
  const auto* end = address.data() + address.size();
  auto [stop, error] = std::from_chars(address.data() + colon + 1, end, port);
  if (error != std::errc{} || stop != end || port == 0)
    return wrong;
  auto host = address.substr(0, colon);
  if (host.front() == '[')
    host = host.substr(1, host.size() - 2);
  return kernel::endpoint{host, port};
}

result<entered> ask_to_enter(const entry& e) {
  OR_RETURN(auto secret, pki::key::generate());
  auto asks = e.asks;
  OR_RETURN(auto wanted, pki::signing_request::make(secret, subject_of(asks)));
  asks.certificate_request = wanted.to_pem();
  if (auto readable = read_request(encode(asks)); !readable)
    return std::move(readable).error();
  auto said = ask_patiently(e, encode(asks));
  if (!said)
    return explained(e, std::move(said).error());
  OR_RETURN(auto ca, pki::certificate::from_pem(said->ca));
  OR_RETURN(auto cert, pki::certificate::from_pem(said->certificate));
  if (ca.public_key().public_hash() != e.ca_hash || !cert.signed_by(ca)
      || !cert.public_key().same_public(secret))
    return failure{.reason = reason::internal,
                   .message = "join " + e.at.host + ": the answer holds another's certificate"};
  return entered{std::move(*said), {std::move(cert), std::move(secret)}};
}

} // namespace troupe::join
