// What the HTTP tests share: certificates, a running server, a bare socket, a latch with a value.
#pragma once

#include "actors/api/http/client.hpp"
#include "actors/api/http/server.hpp"

#include <doctest/doctest.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>

namespace troupe::http::test {

inline instant now() {
  return std::chrono::time_point_cast<duration>(std::chrono::system_clock::now());
}

struct certificates {
  pki::authority ca = *pki::authority::generate("kubernetes", now());
  pki::credential serving = *ca.issue(
    {.who = {"api", {}}, .dns = {"localhost"}, .ips = {"127.0.0.1"}, .use = pki::usage::server},
    now());

  pki::tls_context server_side() const {
    return *pki::tls_context::server({.certificate_pem = serving.cert.to_pem(),
                                      .key_pem = serving.secret.private_pem(),
                                      .ca_pem = ca.cert().to_pem(),
                                      .check = pki::peer_check::optional,
                                      .alpn = {"http/1.1"}});
  }
  pki::tls_context client_side(const std::optional<pki::credential>& as = {}) const {
    pki::tls_options with{.ca_pem = ca.cert().to_pem(), .alpn = {"http/1.1"}};
    if (as) {
      with.certificate_pem = as->cert.to_pem();
      with.key_pem = as->secret.private_pem();
    }
    return *pki::tls_context::client(with);
  }
};

/// A value that one thread sets and another waits for; the wait fails the test after ten seconds.
template <class T> class awaited {
public:
  void set(T value) {
    std::lock_guard lock{mutex_};
    value_ = std::move(value);
    changed_.notify_all();
  }
  T get() {
    std::unique_lock lock{mutex_};
    REQUIRE(
      changed_.wait_for(lock, std::chrono::seconds{10}, [this] { return value_.has_value(); }));
    return *value_;
  }
  /// The same, and the next wait is for another value.
  T take() {
    auto out = get();
    std::lock_guard lock{mutex_};
    value_.reset();
    return out;
  }
  bool is_set() {
    std::lock_guard lock{mutex_};
    return value_.has_value();
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<T> value_;
};

/// A blocking TCP socket to say what no client would.
class bare_socket {
public:
  explicit bare_socket(std::uint16_t port);
  ~bare_socket();
  bare_socket(const bare_socket&) = delete;
  bare_socket& operator=(const bare_socket&) = delete;
  void say(std::string_view bytes) const;
  /// Until so much text has come, or the end.
  std::string hear_until(std::string_view text) const;
  std::string hear_all() const { return hear_until({}); }
  int fd() const { return fd_; }

private:
  int fd_;
};

inline std::unique_ptr<server> serve(handler answer, server_settings with = {},
                                     std::optional<pki::tls_context> tls = {}) {
  auto started = server::start(std::move(with), std::move(tls), std::move(answer));
  REQUIRE(started.has_value());
  return std::move(*started);
}

inline std::string body_of(const response& from) { return from.body ? *from.body : std::string{}; }

} // namespace troupe::http::test
