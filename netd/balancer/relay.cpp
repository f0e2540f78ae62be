#include "netd/balancer/relay.hpp"

#include <cerrno>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace troupe::balancer {
namespace {

constexpr int turns = 16; // then other connections have theirs

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

void tune(relay::socket_type& socket) {
  boost::system::error_code ignored;
  socket.native_non_blocking(true, ignored);
  auto set = [fd = socket.native_handle()](int level, int option, int value) {
    ::setsockopt(fd, level, option, &value, sizeof value); // best effort: works without
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 15);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
}

} // namespace

relay::relay(socket_type client, socket_type backend, std::vector<char>& scratch,
             std::function<void()> then)
    : client_(std::move(client))
    , backend_(std::move(backend))
    , scratch_(scratch)
    , then_(std::move(then))
    , ways_{way{&client_, &backend_, {}}, way{&backend_, &client_, {}}} {}

void relay::start() {
  tune(client_);
  tune(backend_);
  for (auto& w : ways_)
    pump(w);
}

void relay::close() {
  if (!client_.is_open())
    return;
  boost::system::error_code ignored;
  client_.close(ignored);
  backend_.close(ignored);
  if (auto then = std::exchange(then_, nullptr))
    then();
}

bool relay::send_waiting(way& w) {
  while (!w.waiting.empty()) {
    auto n = ::send(w.to->native_handle(), w.waiting.data(), w.waiting.size(), MSG_NOSIGNAL);
    if (n < 0 && would_block()) {
      wait(w, true);
      return false;
    }
    if (n < 0) {
      close();
      return false;
    }
    w.waiting.erase(0, static_cast<std::size_t>(n));
  }
  w.waiting = {};
  return true;
}

void relay::pump(way& w) {
  if (!client_.is_open() || w.over || !send_waiting(w))
    return;
  for (int turn = 0; turn < turns; ++turn) {
    auto n = ::recv(w.from->native_handle(), scratch_.data(), scratch_.size(), 0);
    if (n < 0 && would_block())
      break;
    if (n < 0) {
      close();
      return;
    }
    if (n == 0) {
      w.over = true;
      boost::system::error_code ignored;
      w.to->shutdown(socket_type::shutdown_send, ignored);
      if (ways_[0].over && ways_[1].over)
        close();
      return;
    }
    w.waiting.assign(scratch_.data(), static_cast<std::size_t>(n));
    if (!send_waiting(w))
      return;
  }
  wait(w, false);
}

void relay::wait(way& w, bool for_room) {
  auto& on = for_room ? *w.to : *w.from;
  on.async_wait(for_room ? socket_type::wait_write : socket_type::wait_read,
                [me = shared_from_this(), &w](const boost::system::error_code& error) {
                  if (!error)
                    me->pump(w);
                });
}

} // namespace troupe::balancer
