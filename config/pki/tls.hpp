// TLS without a word about threads or event loops: contexts from PEM, and a session over a
// non-blocking socket whose steps say what they wait for. HTTP, links and balancers drive it.
#pragma once

#include "config/pki/certificate.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

struct ssl_ctx_st; // OpenSSL's SSL_CTX
struct ssl_st;     // OpenSSL's SSL

namespace troupe::pki {

enum class peer_check : std::uint8_t {
  none,     // whoever connects is anonymous
  optional, // a certificate, if given, must be good (unknown authority: the handshake is refused)
  required, // a good certificate or nothing
};

struct tls_options {
  std::string certificate_pem; // own chain; empty: none (clients)
  std::string key_pem;
  std::string ca_pem; // bundle that peers are checked against; empty: nobody is trusted
  peer_check check = peer_check::required;
  bool only_tls13 = false;       // links; else 1.2 and 1.3
  std::vector<std::string> alpn; // in order of preference; empty: not used
  /// Of clients that know no authority yet, in place of ca_pem: "sha256:HEX" of its key. The server
  /// must be certified by that authority and show its certificate (one with a ca_pem does).
  std::string ca_hash;
};

/// Own certificate, trust and rules, shared by many sessions. Copies share it; nothing changes it.
class tls_context {
public:
  static result<tls_context> server(const tls_options& options);
  static result<tls_context> client(const tls_options& options);

  ssl_ctx_st* native() const { return native_.get(); }

private:
  explicit tls_context(ssl_ctx_st* native);

  std::shared_ptr<ssl_ctx_st> native_;
};

/// What a step of a session came to.
enum class tls_step : std::uint8_t {
  done,       // bytes moved, or the handshake is complete
  want_read,  // try again when the socket is readable
  want_write, // try again when it is writable
  closed,     // the peer ended the stream in order
  failed,     // broken: see failure()
};

struct tls_moved {
  tls_step step = tls_step::done;
  std::size_t bytes = 0;
};

/// One TLS connection over a connected non-blocking socket, which it does not own. Not thread-safe.
/// Holds no buffers while idle (SSL_MODE_RELEASE_BUFFERS), unless told to.
class tls_session {
public:
  tls_session() = default; // empty: only to be assigned to
  static tls_session accept(const tls_context& context, int socket);
  /// `server_name`: the host name or address that the peer's certificate must cover; empty: the
  /// certificate is checked against the authority alone and the caller looks at peer().
  static tls_session connect(const tls_context& context, int socket,
                             const std::string& server_name);

  explicit operator bool() const { return native_ != nullptr; }
  tls_step handshake();
  tls_moved read(std::span<char> into);
  tls_moved write(std::span<const char> from);
  /// Keeps them from now on, some 34 KB: of a busy connection, which would else take and give back
  /// that much for each message.
  void keep_buffers();
  /// Bytes were taken from the socket that no read has given out yet.
  bool has_pending() const;
  /// Sends close_notify, as far as that is possible without waiting.
  void close();

  /// The identity in the peer's verified certificate; none when it gave none.
  std::optional<identity> peer() const;
  /// The peer's verified certificate; none when it gave none.
  std::optional<certificate> peer_certificate() const;
  std::string alpn() const;
  /// Why the last step failed.
  failure error() const;

private:
  struct release {
    void operator()(ssl_st* native) const;
  };
  tls_session(const tls_context& context, int socket);
  tls_step classify(int code);

  std::unique_ptr<ssl_st, release> native_;
  failure error_;
};

} // namespace troupe::pki
