// A connected TCP socket on one event loop, with TLS on it or without: steps that never block, and
// waits. HTTP connections and links are state machines over it. Includes Asio: for .cpp files.
#pragma once

#include "config/pki/tls.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <span>
#include <utility> // Boost 1.74 needs it before Asio

namespace troupe::io {

using step = pki::tls_step;
using moved = pki::tls_moved;

/// Not thread-safe: everything on the socket's loop. Holds no buffers.
class channel {
public:
  using socket_type = boost::asio::ip::tcp::socket;

  /// `tls` may be empty: plain TCP.
  channel(socket_type socket, pki::tls_session tls);

  step handshake() { return tls_ ? tls_.handshake() : step::done; }
  moved read(std::span<char> into) { return tls_ ? tls_.read(into) : plain_read(into); }
  moved write(std::span<const char> from) { return tls_ ? tls_.write(from) : plain_write(from); }
  failure error() const;
  /// Bytes wait that the socket does not tell of any more.
  bool has_pending() const { return tls_ && tls_.has_pending(); }

  template <class Then> void when_readable(Then&& then) {
    socket_.async_wait(socket_type::wait_read, std::forward<Then>(then));
  }
  template <class Then> void when_writable(Then&& then) {
    socket_.async_wait(socket_type::wait_write, std::forward<Then>(then));
  }

  /// Sends nothing more; the peer may.
  void end_output();
  /// Says good-bye as far as that needs no waiting, and closes. Idempotent.
  void close();
  bool is_open() const { return socket_.is_open(); }
  /// Trades memory for speed (pki::tls_session::keep_buffers).
  void keep_buffers() {
    if (tls_)
      tls_.keep_buffers();
  }
  const pki::tls_session& tls() const { return tls_; }
  socket_type& socket() { return socket_; }

private:
  moved plain_read(std::span<char> into);
  moved plain_write(std::span<const char> from);

  socket_type socket_;
  pki::tls_session tls_;
  int error_ = 0;
};

/// What every connection of ours wants: no delay of small writes, dead peers noticed in a minute.
void tune(channel::socket_type& socket);

} // namespace troupe::io
