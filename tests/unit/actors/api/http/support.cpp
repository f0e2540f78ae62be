#include "tests/unit/actors/api/http/support.hpp"

#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace troupe::http::test {

bare_socket::bare_socket(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  timeval patience{.tv_sec = 10, .tv_usec = 0};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  REQUIRE(connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
}

bare_socket::~bare_socket() { close(fd_); }

void bare_socket::say(std::string_view bytes) const {
  while (!bytes.empty()) {
    auto n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0)
      return; // the server may have closed: the test looks at what it hears
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string bare_socket::hear_until(std::string_view text) const {
  std::string heard;
  std::array<char, 4096> buffer{};
  while (text.empty() || heard.find(text) == std::string::npos) {
    auto n = recv(fd_, buffer.data(), buffer.size(), 0);
    REQUIRE_MESSAGE((n >= 0 || errno == ECONNRESET), "the server says nothing more: " << heard);
    if (n <= 0)
      break;
    heard.append(buffer.data(), static_cast<std::size_t>(n));
  }
  return heard;
}

} // namespace troupe::http::test
