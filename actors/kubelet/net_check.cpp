#include "actors/kubelet/net_check.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace troupe::kubelet {

namespace {

using clock_type = std::chrono::steady_clock;

failure says(std::string text) {
  return {.reason = reason::unavailable, .message = std::move(text)};
}

class connection {
public:
  connection(const net_check& what) : what_(what), end_(clock_type::now() + what.limit) {}
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection() {
    if (fd_ >= 0)
      close(fd_);
  }

  result<void> open() {
    auto where = what_.address + ":" + std::to_string(what_.port);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* found = nullptr;
    auto port = std::to_string(what_.port);
    if (getaddrinfo(what_.address.c_str(), port.c_str(), &hints, &found) != 0)
      return says("lookup " + what_.address + ": no such host");
    fd_ = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    auto done = fd_ < 0 ? -1 : connect(fd_, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    if (done == 0)
      return {};
    if (fd_ < 0 || errno != EINPROGRESS)
      return says("dial tcp " + where + ": " + std::strerror(errno));
    if (!wait(POLLOUT))
      return says("dial tcp " + where + ": i/o timeout");
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0)
      return says("dial tcp " + where + ": connect: " + std::strerror(error));
    return {};
  }

  result<void> send_all(std::string_view text) {
    while (!text.empty()) {
      auto n = send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (n > 0)
        text.remove_prefix(static_cast<std::size_t>(n));
      else if (n < 0 && errno == EAGAIN && !wait(POLLOUT))
        return says("timeout while sending");
      else if (n < 0 && errno != EAGAIN && errno != EINTR)
        return says(std::string("send: ") + std::strerror(errno));
    }
    return {};
  }

  /// The first line of what comes back.
  result<std::string> read_line() {
    std::string out;
    while (out.find('\n') == std::string::npos && out.size() < 4096) {
      char buffer[512];
      auto n = recv(fd_, buffer, sizeof buffer, 0);
      if (n > 0)
        out.append(buffer, static_cast<std::size_t>(n));
      else if (n == 0)
        return says("EOF");
      else if (errno == EAGAIN && !wait(POLLIN))
        return says("context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
      else if (errno != EAGAIN && errno != EINTR)
        return says(std::string("read: ") + std::strerror(errno));
    }
    return out.substr(0, out.find('\r'));
  }

private:
  bool wait(short events) {
    auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(end_ - clock_type::now()).count();
    pollfd ready{fd_, events, 0};
    return left > 0 && poll(&ready, 1, static_cast<int>(left)) > 0;
  }

  const net_check& what_;
  clock_type::time_point end_;
  int fd_ = -1;
};

} // namespace

result<void> check_network(const net_check& what) {
  connection to(what);
  CHECK_RETURN(to.open());
  if (!what.http)
    return {};
  auto path = what.path.starts_with('/') ? what.path : "/" + what.path;
  auto url = "http://" + what.address + ":" + std::to_string(what.port) + path;
  auto text = "GET " + path + " HTTP/1.1\r\n";
  auto has = [&](const char* name) {
    return std::any_of(what.headers.begin(), what.headers.end(),
                       [&](const auto& h) { return strcasecmp(h.first.c_str(), name) == 0; });
  };
  if (!has("host"))
    text += "Host: " + what.address + ":" + std::to_string(what.port) + "\r\n";
  if (!has("user-agent"))
    text += "User-Agent: kube-probe/1.36\r\n";
  if (!has("accept"))
    text += "Accept: */*\r\n";
  for (const auto& [name, value] : what.headers)
    text += name + ": " + value + "\r\n";
  auto sent = to.send_all(text + "Connection: close\r\n\r\n");
  auto line = sent ? to.read_line() : result<std::string>(std::move(sent).error());
  if (!line)
    return says("Get \"" + url + "\": " + line.error().message);
  auto space = line->find(' ');
  auto code = space == std::string::npos ? 0 : std::atoi(line->c_str() + space);
  if (code < 200 || code >= 400)
    return says("HTTP probe failed with statuscode: " + std::to_string(code));
  return {};
}

} // namespace troupe::kubelet
