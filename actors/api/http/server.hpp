// The HTTP/1.1 server: keep-alive over TLS (or plain), answers now or later, streams, upgrades.
//
//   OR_RETURN(auto tls, pki::tls_context::server({...}));
//   OR_RETURN(auto server, http::server::start({.listen = {{"127.0.0.1", 6443}}}, tls,
//     [](http::request asked, http::responder to) {
//       to.answer({.code = 200, .body = share("hello")}); // here or later, from any thread
//     }));
#pragma once

#include "actors/api/http/duplex.hpp"
#include "actors/api/http/message.hpp"
#include "config/base/clock.hpp"
#include "config/pki/tls.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::http {

struct listen_address {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0; // 0: any free one
};

struct server_settings {
  std::vector<listen_address> listen = {{}};
  std::size_t threads = 2;
  std::size_t max_connections = 20000; // more are closed at once
  std::size_t max_in_flight = 600; // requests being answered (streams not counted); more are 429
  std::vector<std::string> always = {"/healthz", "/livez", "/readyz"}; // paths never 429
  std::size_t max_body = 3U << 20;                                     // bytes; more is 413
  std::size_t max_header = 64U << 10;   // bytes of request line and fields; more is 431
  std::size_t stream_buffer = 1U << 20; // bytes a slow reader of a stream may be behind
  std::size_t gzip_above = 128U << 10;  // bytes; longer bodies are compressed for those who ask
  duration handshake_deadline = 10s;
  duration header_deadline = 10s; // from a request's first byte to the end of its header
  duration body_deadline = 60s;   // from the end of the header to the end of the body
  duration idle_deadline = 180s;  // between requests
  duration stall_deadline = 60s;  // a peer that takes nothing of what is sent to it
};

namespace detail {
class exchange;
} // namespace detail

/// An answer that goes on: every piece is a chunk, sent at once. Copies are the same stream; usable
/// from any thread. When the last copy goes without end(), the connection is broken off, so that
/// the client sees that the answer is not whole.
class stream {
public:
  push write(shared_bytes piece) const;
  /// No more pieces; the connection may be used for other requests.
  void end() const;
  /// Breaks the connection off, so that the client sees that the answer is not whole.
  void abort() const;
  bool gone() const;
  std::size_t queued_bytes() const;
  /// Called once on an I/O thread after `full`, when half of the buffer is free again.
  void on_drain(std::function<void()> then) const;
  /// Called once on an I/O thread when the client went away; at once if it already has.
  void on_gone(std::function<void()> then) const;

private:
  friend class responder;
  explicit stream(std::shared_ptr<detail::exchange> to) : to_(std::move(to)) {}
  std::shared_ptr<detail::exchange> to_;
};

/// Answers one request, once: later answers are ignored. Copies are the same responder; usable from
/// any thread. If the last copy goes without an answer, the client gets 500.
class responder {
public:
  void answer(response with) const;
  /// Starts an answer whose pieces follow.
  stream begin(int code, fields with) const;
  /// Answers 101 with these fields and hands the connection over.
  duplex upgrade(fields with) const;
  bool gone() const;
  /// Called once on an I/O thread when the client went away before the answer's end; at once if it
  /// already has.
  void on_gone(std::function<void()> then) const;

  explicit responder(std::shared_ptr<detail::exchange> to) : to_(std::move(to)) {}

private:
  std::shared_ptr<detail::exchange> to_;
};

/// Called on an I/O thread with each whole request; must not block.
using handler = std::function<void(request, responder)>;

struct server_counts {
  std::uint64_t connections = 0; // open
  std::uint64_t accepted = 0;    // ever
  std::uint64_t refused = 0;     // closed because there were too many
  std::uint64_t requests = 0;    // ever
  std::uint64_t in_flight = 0;
  std::uint64_t failed_handshakes = 0;
};

class server {
public:
  /// No `tls`: plain HTTP.
  static result<std::unique_ptr<server>> start(server_settings settings,
                                               std::optional<pki::tls_context> tls, handler answer);
  /// Breaks off what is left.
  ~server();

  /// The port of a listen address (by its place in the settings).
  std::uint16_t port(std::size_t index = 0) const;
  /// New connections use these certificates; open ones keep theirs.
  void reload(pki::tls_context tls);
  /// Accepts no more, lets requests being answered finish for up to `grace`, breaks off the rest
  /// (streams at once), joins the threads. Must not be called on one of them.
  void stop(duration grace = 5s);
  server_counts counts() const;

  struct state;
  explicit server(std::unique_ptr<state> inner);

private:
  std::unique_ptr<state> state_;
};

} // namespace troupe::http
