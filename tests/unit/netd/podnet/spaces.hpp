// Network namespaces of a test: each kept by a process, gone with it.
#pragma once

#include "config/base/result.hpp"

#include <arpa/inet.h>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <netinet/in.h>
#include <sched.h>
#include <string>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::spaces {

inline result<void> expect(bool holds, const char* what) {
  if (holds)
    return {};
  return failure{.message = what};
}

/// A forked process that says when it is ready and is killed in the end.
class helper {
public:
  /// `prepare` runs in the process, then `stay`.
  helper(const std::function<bool()>& prepare, const std::function<void()>& stay) {
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) != 0)
      return;
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (!prepare() || write(ready[1], "1", 1) != 1)
        _exit(1);
      stay();
      _exit(0);
    }
    close(ready[1]);
    char byte = 0;
    ready_ = read(ready[0], &byte, 1) == 1;
    close(ready[0]);
  }
  helper(const helper&) = delete;
  helper& operator=(const helper&) = delete;
  ~helper() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }
  pid_t pid() const { return pid_; }
  bool ready() const { return ready_; }

private:
  pid_t pid_ = -1;
  bool ready_ = false;
};

class space {
public:
  pid_t pid() const { return keeper_.pid(); }
  std::string path() const { return "/proc/" + std::to_string(pid()) + "/ns/net"; }

private:
  helper keeper_{[] { return unshare(CLONE_NEWNET) == 0; }, [] { pause(); }};
};

inline bool enter(const space& in) {
  int ns = open(in.path().c_str(), O_RDONLY | O_CLOEXEC);
  bool done = ns >= 0 && setns(ns, CLONE_NEWNET) == 0;
  close(ns);
  return done;
}

/// Runs `body` in a process in that namespace; true when it returned no failure.
inline bool within(const space& in, const std::function<result<void>()>& body) {
  auto pid = fork();
  if (pid == 0) {
    if (!enter(in))
      _exit(3);
    auto done = body();
    if (!done)
      fprintf(stderr, "%s\n", done.error().message.c_str());
    _exit(done ? 0 : 1);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

inline sockaddr_in socket_address(const std::string& ip, std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  inet_pton(AF_INET, ip.c_str(), &out.sin_addr);
  return out;
}

/// Tells each client the address that it came from.
class server {
public:
  server(const space& in, std::uint16_t port)
      : process_([&] { return enter_and_listen(in, socket_address("0.0.0.0", port)); },
                 [this] {
                   while (true)
                     serve_one();
                 }) {}

private:
  bool enter_and_listen(const space& in, const sockaddr_in& at) {
    if (!enter(in))
      return false;
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    return bind(listener_, reinterpret_cast<const sockaddr*>(&at), sizeof(at)) == 0
           && listen(listener_, 16) == 0;
  }
  void serve_one() const {
    sockaddr_in from{};
    socklen_t size = sizeof(from);
    int client = accept(listener_, reinterpret_cast<sockaddr*>(&from), &size);
    std::array<char, INET_ADDRSTRLEN> text{};
    inet_ntop(AF_INET, &from.sin_addr, text.data(), text.size());
    (void)!write(client, text.data(), strlen(text.data()));
    close(client);
  }
  int listener_ = -1;
  helper process_;
};

/// What the server at that address answers; empty when it is not reached within two seconds.
inline std::string asked(const std::string& ip, std::uint16_t port) {
  int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  timeval deadline{.tv_sec = 2, .tv_usec = 0};
  setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof(deadline));
  setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline));
  auto to = socket_address(ip, port);
  std::string out;
  if (connect(s, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0) {
    std::array<char, 64> text{};
    for (ssize_t n = 0; (n = read(s, text.data(), text.size())) > 0;)
      out.append(text.data(), static_cast<std::size_t>(n));
  }
  close(s);
  return out;
}

} // namespace troupe::spaces
