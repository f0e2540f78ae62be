#include "runtime/containerd/server.hpp"

#include "runtime/host/process.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

namespace troupe::containerd {

namespace {

namespace fs = std::filesystem;

constexpr auto first_wait = 100ms;
constexpr auto longest_wait = 10s;
constexpr auto steady = 30s; // a run of that length starts the waits anew
constexpr auto import_limit = 1min;
constexpr std::uintmax_t log_limit = 10U << 20;

bool answers(const std::string& socket_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path.size() >= sizeof address.sun_path)
    return false;
  std::memcpy(address.sun_path, socket_path.c_str(), socket_path.size() + 1);
  auto fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return false;
  auto ok = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(fd);
  return ok;
}

class supervised final : public server {
public:
  explicit supervised(options with, observer watch)
      : with_(std::move(with))
      , socket_(with_.socket())
      , watch_(std::move(watch))
      , stop_(eventfd(0, EFD_CLOEXEC)) {}

  ~supervised() override {
    std::uint64_t one = 1;
    (void)!write(stop_, &one, sizeof one);
    if (thread_.joinable())
      thread_.join();
    close(stop_);
  }

  result<void> begin() {
    CHECK_RETURN(prepare());
    thread_ = std::thread([this] { supervise(); });
    return {};
  }

  const std::string& socket() const override { return socket_; }

  result<void> await_ready(duration limit) override {
    auto end = std::chrono::steady_clock::now() + limit;
    while (!answers(socket_)) {
      if (std::chrono::steady_clock::now() > end || stopping(5ms))
        return failure{reason::timeout,
                       "containerd did not open " + socket_ + " in time; its log is " + log_path()};
    }
    return {};
  }

  result<void> import_file(const std::string& archive) override {
    return runtime::run(
      {"ctr", "--address", socket_, "--namespace", "k8s.io", "images", "import", archive},
      import_limit);
  }

  result<void> import_bytes(std::string_view archive) override {
    auto path = with_.state + "/import-" + std::to_string(++imports_) + ".tar";
    {
      std::ofstream out(path, std::ios::binary);
      out.write(archive.data(), static_cast<std::streamsize>(archive.size()));
      if (!out.flush())
        return failure{reason::internal, "write " + path + ": no room"};
    }
    auto done = import_file(path);
    std::error_code ignored;
    fs::remove(path, ignored);
    return done;
  }

private:
  std::string config_path() const { return with_.root + "/config.toml"; }
  std::string log_path() const { return with_.root + "/containerd.log"; }

  result<void> prepare() const {
    if (socket_.size() > 100)
      return failure{reason::invalid, "the containerd state directory " + with_.state
                                        + " is too long a path for sockets"};
    std::error_code error;
    for (const auto& path : {with_.root, with_.state, with_.cni_conf}) {
      fs::create_directories(path, error);
      if (error)
        return failure{reason::internal, "make " + path + ": " + error.message()};
    }
    auto bin = std::find_if(with_.cni_bin.begin(), with_.cni_bin.end(),
                            [&](const auto& path) { return fs::exists(path, error); });
    std::ofstream out(config_path());
    out << config_text(with_, runtime::examine_machine(),
                       bin == with_.cni_bin.end() ? std::string("/opt/cni/bin") : *bin);
    if (!out.flush())
      return failure{reason::internal, "write " + config_path() + ": no room"};
    return {};
  }

  void supervise() {
    auto wait = duration(first_wait);
    while (true) {
      auto began = std::chrono::steady_clock::now();
      auto end = run_once();
      if (!end)
        return;
      if (std::chrono::steady_clock::now() - began > steady)
        wait = first_wait;
      watch_.died(*end, wait);
      if (stopping(wait))
        return;
      wait = std::min<duration>(wait * 2, longest_wait);
    }
  }

  /// How it ended; nothing when the server is to stop.
  std::optional<std::string> run_once() {
    std::error_code ignored;
    if (fs::file_size(log_path(), ignored) > log_limit && !ignored)
      fs::rename(log_path(), log_path() + ".1", ignored);
    auto child = runtime::process::start({with_.program, "--config", config_path()}, log_path());
    if (!child)
      return child.error().message;
    watch_.started(child->pid());
    pollfd events[] = {{child->pidfd(), POLLIN, 0}, {stop_, POLLIN, 0}};
    while (poll(events, 2, -1) < 0 && errno == EINTR) {
    }
    if (auto status = child->wait(0ns))
      return "containerd ended with " + runtime::describe_end(*status);
    child->signal(SIGTERM);
    child->wait(5s);
    return std::nullopt;
  }

  bool stopping(duration wait) {
    pollfd stop{stop_, POLLIN, 0};
    auto limit = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
    return poll(&stop, 1, static_cast<int>(limit)) > 0;
  }

  options with_;
  std::string socket_;
  observer watch_;
  int stop_;
  std::atomic<std::uint32_t> imports_{0};
  std::thread thread_;
};

} // namespace

result<std::unique_ptr<server>> start(options with, observer watch) {
  auto out = std::make_unique<supervised>(std::move(with), std::move(watch));
  CHECK_RETURN(out->begin());
  return std::unique_ptr<server>(std::move(out));
}

} // namespace troupe::containerd
