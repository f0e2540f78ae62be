#include "runtime/stream/log_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace troupe::stream {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece = 64U << 10;
constexpr int patience = 1000; // milliseconds without a word of inotify

class descriptor {
public:
  explicit descriptor(int fd = -1) : fd_(fd) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() { reset(-1); }
  int get() const { return fd_; }
  void reset(int fd) {
    if (fd_ >= 0)
      close(fd_);
    fd_ = fd;
  }

private:
  int fd_;
};

/// Where to begin for the last `lines` lines: reads backwards in growing windows.
off_t tail_start(int fd, off_t size, std::uint64_t lines) {
  if (lines == 0)
    return size;
  for (off_t window = static_cast<off_t>(piece);; window *= 4) {
    auto from = std::max<off_t>(size - window, 0);
    std::string bytes(static_cast<std::size_t>(size - from), '\0');
    std::size_t got = 0;
    while (got < bytes.size()) {
      auto n = pread(fd, bytes.data() + got, bytes.size() - got, from + static_cast<off_t>(got));
      if (n <= 0)
        break;
      got += static_cast<std::size_t>(n);
    }
    bytes.resize(got);
    auto offset = tail_offset(bytes, lines);
    if (offset > 0 || from == 0)
      return from + static_cast<off_t>(offset);
  }
}

class reader {
public:
  reader(const log_source& from, const log_options& wanted,
         const std::function<bool(std::string)>& take)
      : from_(from), wanted_(wanted), take_(take), filter_(wanted) {}

  result<void> run() {
    file_.reset(open(from_.path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file_.get() < 0)
      return failure{
        errno == ENOENT ? reason::not_found : reason::internal, "open log " + from_.path, {}, 0};
    struct stat status {};
    if (wanted_.tail && fstat(file_.get(), &status) == 0)
      lseek(file_.get(), tail_start(file_.get(), status.st_size, *wanted_.tail), SEEK_SET);
    if (wanted_.follow)
      watch();
    while (true) {
      auto alive = wanted_.follow && from_.alive(); // asked before reading: nothing is missed
      if (!drain())
        return {};
      if (was_rotated()) {
        if (!drain()) // what was written between the last read and the rename
          return {};
        reopen();
        continue;
      }
      if (!alive)
        return {};
      wait();
    }
  }

private:
  void watch() {
    notify_.reset(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (notify_.get() < 0)
      return; // no more instances: once a second then
    inotify_add_watch(notify_.get(), from_.path.c_str(), IN_MODIFY);
    auto directory = fs::path(from_.path).parent_path().string();
    inotify_add_watch(notify_.get(), directory.c_str(), IN_CREATE | IN_MOVED_TO);
  }

  /// False: the reader wants no more.
  bool drain() {
    std::string bytes(piece, '\0');
    while (true) {
      auto n = read(file_.get(), bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return true;
      std::string out;
      auto more = filter_.feed({bytes.data(), static_cast<std::size_t>(n)}, out);
      if (!out.empty() && !take_(std::move(out)))
        return false;
      if (!more)
        return false;
    }
  }

  bool was_rotated() const {
    struct stat ours {};
    struct stat there {};
    return wanted_.follow && fstat(file_.get(), &ours) == 0 && stat(from_.path.c_str(), &there) == 0
           && ours.st_ino != there.st_ino;
  }

  void reopen() {
    auto next = open(from_.path.c_str(), O_RDONLY | O_CLOEXEC);
    if (next < 0)
      return;
    file_.reset(next);
    if (notify_.get() >= 0)
      inotify_add_watch(notify_.get(), from_.path.c_str(), IN_MODIFY);
  }

  void wait() {
    pollfd events{notify_.get(), POLLIN, 0};
    poll(&events, notify_.get() >= 0 ? 1 : 0, patience);
    alignas(inotify_event) char buffer[4096];
    while (notify_.get() >= 0 && read(notify_.get(), buffer, sizeof buffer) > 0) {
    }
  }

  const log_source& from_;
  const log_options& wanted_;
  const std::function<bool(std::string)>& take_;
  log_filter filter_;
  descriptor file_;
  descriptor notify_;
};

} // namespace

result<void> read_log(const log_source& from, const log_options& wanted,
                      const std::function<bool(std::string piece)>& take) {
  return reader(from, wanted, take).run();
}

result<std::string> find_log(const std::string& directory, bool previous) {
  std::vector<std::uint64_t> runs;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    auto name = entry.path().filename().string();
    std::uint64_t run = 0;
    auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), run);
    if (bad == std::errc() && std::string_view(end, name.data() + name.size()) == ".log")
      runs.push_back(run);
  }
  std::sort(runs.rbegin(), runs.rend());
  auto index = previous ? 1U : 0U;
  if (runs.size() <= index)
    return failure{reason::not_found,
                   previous ? "previous terminated container not found" : "no log yet",
                   {},
                   0};
  return directory + "/" + std::to_string(runs[index]) + ".log";
}

} // namespace troupe::stream
