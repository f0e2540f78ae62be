#include "actors/kernel/asio/channel.hpp"

#include <cerrno>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace troupe::io {
namespace {

moved blocked_or_failed(int error_number, step wait, int& kept) {
  if (error_number == EAGAIN || error_number == EWOULDBLOCK || error_number == EINTR)
    return {wait, 0};
  kept = error_number;
  return {step::failed, 0};
}

} // namespace

channel::channel(socket_type socket, pki::tls_session tls)
    : socket_(std::move(socket)), tls_(std::move(tls)) {
  boost::system::error_code ignored;
  socket_.native_non_blocking(true, ignored);
}

moved channel::plain_read(std::span<char> into) {
  auto n = ::recv(socket_.native_handle(), into.data(), into.size(), 0);
  if (n > 0)
    return {step::done, static_cast<std::size_t>(n)};
  if (n == 0)
    return {step::closed, 0};
  return blocked_or_failed(errno, step::want_read, error_);
}

moved channel::plain_write(std::span<const char> from) {
  auto n = ::send(socket_.native_handle(), from.data(), from.size(), MSG_NOSIGNAL);
  if (n >= 0)
    return {step::done, static_cast<std::size_t>(n)};
  return blocked_or_failed(errno, step::want_write, error_);
}

failure channel::error() const {
  if (tls_)
    return tls_.error();
  return system_failure("the connection", error_ == 0 ? ECONNRESET : error_);
}

void channel::end_output() {
  tls_.close();
  boost::system::error_code ignored;
  socket_.shutdown(socket_type::shutdown_send, ignored);
}

void channel::close() {
  if (!socket_.is_open())
    return;
  tls_.close();
  boost::system::error_code ignored;
  socket_.shutdown(socket_type::shutdown_both, ignored);
  socket_.close(ignored);
}

void tune(channel::socket_type& socket) {
  auto fd = socket.native_handle();
  auto set = [fd](int level, int option, int value) {
    ::setsockopt(fd, level, option, &value, sizeof value); // best effort: works without
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 30);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
}

} // namespace troupe::io
