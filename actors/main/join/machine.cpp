#include "actors/main/join/machine.hpp"

#include <arpa/inet.h>
#include <cctype>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

namespace troupe::join {

std::string host_name() {
  char text[256] = {};
  if (gethostname(text, sizeof(text) - 1) != 0)
    return {};
  std::string out{text};
  out = out.substr(0, out.find('.'));
  for (auto& c : out)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::string own_address_towards(const kernel::endpoint& to) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(to.host.c_str(), std::to_string(to.port).c_str(), &hints, &found) != 0)
    return {};
  std::string out;
  int fd = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_storage own{};
  socklen_t size = sizeof(own);
  char text[NI_MAXHOST];
  if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) == 0
      && getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) == 0
      && getnameinfo(reinterpret_cast<sockaddr*>(&own), size, text, sizeof(text), nullptr, 0,
                     NI_NUMERICHOST)
           == 0)
    out = text;
  if (fd >= 0)
    close(fd);
  freeaddrinfo(found);
  return out;
}

std::string own_address() { return own_address_towards({"192.0.2.1", 9}); } // never reached

bool is_address(const std::string& text) {
  unsigned char bytes[sizeof(in6_addr)];
  return inet_pton(AF_INET, text.c_str(), bytes) == 1
         || inet_pton(AF_INET6, text.c_str(), bytes) == 1;
}

} // namespace troupe::join
