// The HTTP/1.1 client over TLS: reused connections, client certificate, streamed bodies, deadlines.
//
//   http::client api{{.host = "127.0.0.1", .port = 6443}, tls};
//   OR_RETURN(auto answer, api.ask({.target = "/readyz"}, 1s));
#pragma once

#include "actors/api/http/duplex.hpp"
#include "actors/api/http/message.hpp"
#include "actors/kernel/asio/threads.hpp"
#include "config/base/clock.hpp"
#include "config/pki/tls.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace troupe::http {

struct client_settings {
  std::string host = "127.0.0.1"; // address or name
  std::uint16_t port = 443;
  std::string server_name;            // what the certificate must cover; empty: `host`
  std::size_t max_connections = 256;  // at once; further requests wait, within their deadline
  std::size_t max_waiting = 10000;    // more fail at once: too_many_requests
  std::size_t max_answer = 64U << 20; // bytes of a whole answer; more fails
  duration connect_deadline = 5s;
  duration idle_deadline = 60s; // unused connections are closed
};

/// Follows a streamed answer. All calls come from one I/O thread.
struct listener {
  std::function<void(int code, const fields&)> on_head;
  /// False: no more, the request is given up.
  std::function<bool(std::string_view)> on_data;
  /// Once: at the answer's end, or with the reason why it broke off.
  std::function<void(result<void>)> on_end;
};

namespace detail {
class call;
class pool;
} // namespace detail

/// A request under way. Copies are the same one.
class ongoing {
public:
  ongoing() = default;
  explicit ongoing(std::shared_ptr<detail::call> of) : of_(std::move(of)) {}
  /// Breaks it off; its callbacks are not called any more, or once with a failure.
  void cancel() const;
  /// Nothing more is read until resume(); for readers that pass a stream on.
  void pause() const;
  void resume() const;

private:
  std::shared_ptr<detail::call> of_;
};

/// Talks to one address, on one loop. Usable from any thread; must not be destroyed on its own
/// loop.
class client {
public:
  using done = std::function<void(result<response>)>;
  /// What an upgrade came to.
  struct upgraded {
    response head;
    std::optional<duplex> tunnel; // none: refused, and `head` says why
  };

  /// Shares the threads of others. No `tls`: plain HTTP.
  client(client_settings settings, std::optional<pki::tls_context> tls,
         std::shared_ptr<io::threads> on);
  /// One thread of its own.
  client(client_settings settings, std::optional<pki::tls_context> tls);
  /// What is under way ends with a failure.
  ~client();
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  /// Calls `then` once, on an I/O thread. A failure is of the connection: `timeout` when the
  /// request may have been carried out, `unavailable` when it was not. Any HTTP code is an answer.
  ongoing send(request what, duration deadline, done then);
  /// Waits for the whole answer. Must not be called on an I/O thread.
  result<response> ask(request what, duration deadline);
  /// The deadline is for the head of the answer; the body may go on for ever.
  ongoing open(request what, duration deadline, listener follow);
  /// Asks for an upgrade and hands the connection over when the answer is 101.
  ongoing upgrade(request what, duration deadline, std::function<void(result<upgraded>)> then);

  std::size_t open_connections() const;

private:
  std::shared_ptr<io::threads> threads_;
  std::shared_ptr<detail::pool> pool_;
};

} // namespace troupe::http
