#include "config/pki/socket_bio.hpp"

#include "config/base/invariant.hpp"

#include <cerrno>
#include <cstdint>
#include <sys/socket.h>

namespace troupe::pki {
namespace {

int socket_of(BIO* bio) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

int moved(BIO* bio, ssize_t n, bool reading) {
  BIO_clear_retry_flags(bio);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
    if (reading)
      BIO_set_retry_read(bio);
    else
      BIO_set_retry_write(bio);
  }
  return static_cast<int>(n);
}

int bio_write(BIO* bio, const char* from, int size) {
  return moved(bio, ::send(socket_of(bio), from, static_cast<std::size_t>(size), MSG_NOSIGNAL),
               false);
}

int bio_read(BIO* bio, char* into, int size) {
  auto n = ::recv(socket_of(bio), into, static_cast<std::size_t>(size), 0);
  if (n == 0)
    BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return moved(bio, n, true);
}

long bio_control(BIO* bio, int what, long, void*) {
  switch (what) {
  case BIO_CTRL_FLUSH:
  case BIO_CTRL_DUP: return 1;
  case BIO_CTRL_EOF: return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  default: return 0;
  }
}

const BIO_METHOD* socket_method() {
  static const BIO_METHOD* const method = [] {
    auto* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE");
    invariant(made != nullptr, "a BIO method must fit into memory");
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return method;
}

} // namespace

BIO* new_socket_bio(int socket) {
  auto* out = BIO_new(socket_method());
  invariant(out != nullptr, "a BIO must fit into memory");
  BIO_set_data(out, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
  BIO_set_init(out, 1);
  return out;
}

} // namespace troupe::pki
