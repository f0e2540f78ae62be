#include "actors/main/up/control.hpp"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace troupe::up {
namespace {

using nlohmann::json;

constexpr std::size_t max_line = 64U << 10;

struct descriptor {
  int fd = -1;
  explicit descriptor(int f) : fd(f) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (fd >= 0)
      close(fd);
  }
};

bool set_address(sockaddr_un& to, const std::string& path) {
  to.sun_family = AF_UNIX;
  if (path.size() >= sizeof(to.sun_path))
    return false;
  std::memcpy(to.sun_path, path.c_str(), path.size() + 1);
  return true;
}

void set_deadline(int fd, duration deadline) {
  auto us = std::chrono::duration_cast<std::chrono::microseconds>(deadline).count();
  timeval tv{.tv_sec = us / 1'000'000, .tv_usec = us % 1'000'000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
}

bool write_line(int fd, const json& tree) {
  auto text = tree.dump() + "\n";
  return send(fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

/// Null when no whole line came in time.
json read_line(int fd) {
  std::string line;
  char byte = 0;
  while (line.size() < max_line && read(fd, &byte, 1) == 1) {
    if (byte == '\n')
      return json::parse(line, nullptr, false);
    line += byte;
  }
  return {};
}

} // namespace

result<json> ask_control(const std::string& socket_path, const json& question, duration deadline) {
  descriptor s{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_un at{};
  if (!set_address(at, socket_path))
    return failure{.reason = reason::invalid,
                   .message = "reach the cluster: the path " + socket_path + " is too long"};
  set_deadline(s.fd, deadline);
  if (connect(s.fd, reinterpret_cast<sockaddr*>(&at), sizeof(at)) != 0)
    return failure{.reason = reason::unavailable,
                   .message = "reach `troupe up` at " + socket_path + ": " + std::strerror(errno)};
  if (!write_line(s.fd, question))
    return system_failure("ask `troupe up`", errno);
  auto answer = read_line(s.fd);
  if (!answer.is_object())
    return failure{.reason = reason::timeout, .message = "ask `troupe up`: no answer"};
  if (!answer.value("ok", false))
    return failure{.reason = reason::invalid, .message = answer.value("error", "refused")};
  return answer;
}

control_server::~control_server() {
  if (fd_ >= 0) {
    close(fd_);
    unlink(path_.c_str());
  }
}

result<void> control_server::open(const std::string& socket_path) {
  sockaddr_un at{};
  if (!set_address(at, socket_path))
    return failure{.reason = reason::invalid,
                   .message = "listen at " + socket_path
                              + ": the path is too long; use a shorter --data-dir"};
  fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  path_ = socket_path;
  unlink(socket_path.c_str());
  if (bind(fd_, reinterpret_cast<sockaddr*>(&at), sizeof(at)) != 0 || listen(fd_, 16) != 0)
    return system_failure("listen at " + socket_path, errno);
  return {};
}

void control_server::serve(const std::function<json(const json&)>& handle) {
  descriptor caller{accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC)};
  if (caller.fd < 0)
    return;
  set_deadline(caller.fd, 1s);
  auto question = read_line(caller.fd);
  if (question.is_object())
    write_line(caller.fd, handle(question));
}

} // namespace troupe::up
