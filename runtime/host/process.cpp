#include "runtime/host/process.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::runtime {

namespace {

/// Between fork and exec: only system calls.
[[noreturn]] void become(char* const* words, int output, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent)
    _exit(127);
  setsid();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD})
    ::signal(number, SIG_DFL);
  dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), 0);
  dup2(output, 1);
  dup2(output, 2);
  syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
  execvp(words[0], words);
  _exit(127);
}

class descriptor {
public:
  explicit descriptor(int fd) : fd_(fd) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (fd_ >= 0)
      close(fd_);
  }
  int get() const { return fd_; }

private:
  int fd_;
};

result<pid_t> fork_exec(const std::vector<std::string>& command, int output) {
  std::vector<char*> words;
  for (const auto& word : command)
    words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  auto parent = getpid();
  auto pid = fork();
  if (pid < 0)
    return system_failure("start " + command.front(), errno);
  if (pid == 0)
    become(words.data(), output, parent);
  return pid;
}

int timeout_of(duration limit) {
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(limit).count());
}

} // namespace

result<process> process::start(const std::vector<std::string>& command, const std::string& log) {
  descriptor output(log.empty()
                      ? open("/dev/null", O_WRONLY | O_CLOEXEC)
                      : open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  if (output.get() < 0)
    return system_failure("open " + log, errno);
  process out;
  OR_RETURN(out.pid_, fork_exec(command, output.get()));
  out.pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, out.pid_, 0));
  if (out.pidfd_ < 0)
    return system_failure("watch " + command.front(), errno); // its destructor ends the child
  return out;
}

process::~process() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
  }
  if (pidfd_ >= 0)
    close(pidfd_);
}

void process::signal(int number) const {
  if (pid_ > 0)
    kill(pid_, number);
}

std::optional<int> process::wait(duration limit) {
  if (pid_ <= 0)
    return std::nullopt;
  pollfd ended{pidfd_, POLLIN, 0};
  if (poll(&ended, 1, timeout_of(limit)) <= 0)
    return std::nullopt;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) <= 0)
    return std::nullopt;
  pid_ = -1;
  return status;
}

std::string describe_end(int wait_status) {
  return WIFSIGNALED(wait_status) ? "signal " + std::to_string(WTERMSIG(wait_status))
                                  : "exit code " + std::to_string(WEXITSTATUS(wait_status));
}

result<void> run(const std::vector<std::string>& command, duration limit) {
  // A file in memory takes the output: nobody has to read it while the command runs.
  auto fd = static_cast<int>(memfd_create("output", MFD_CLOEXEC));
  descriptor output(fd);
  if (fd < 0)
    return system_failure("make room for the output of " + command.front(), errno);
  auto path = "/proc/self/fd/" + std::to_string(fd);
  OR_RETURN(auto child, process::start(command, path));
  auto status = child.wait(limit);
  if (status && *status == 0)
    return {};
  char text[1024];
  auto size = lseek(fd, 0, SEEK_END);
  auto from = size > static_cast<off_t>(sizeof text) ? size - static_cast<off_t>(sizeof text) : 0;
  auto length = pread(fd, text, sizeof text, from);
  std::string tail(text, length > 0 ? static_cast<std::size_t>(length) : 0);
  while (!tail.empty() && tail.back() == '\n')
    tail.pop_back();
  if (!status)
    return failure{reason::timeout, command.front() + " took too long: " + tail};
  return failure{reason::internal,
                 command.front() + " ended with " + describe_end(*status) + ": " + tail};
}

} // namespace troupe::runtime
