// The operating system's files.
#include "store/wal/file_layer.hpp"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace troupe::wal {

namespace {

failure failed(const std::string& what, const std::string& path) {
  auto error = errno;
  auto why = system_failure(what + " " + path, error);
  if (error == ENOSPC || error == EDQUOT)
    why.reason = reason::unavailable;
  else if (error == ENOENT)
    why.reason = reason::not_found;
  else
    why.reason = reason::internal;
  return why;
}

class descriptor {
public:
  explicit descriptor(int fd) : fd_(fd) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (fd_ >= 0)
      ::close(fd_);
  }
  int get() const { return fd_; }

private:
  int fd_;
};

class posix_file final : public file {
public:
  posix_file(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

  result<void> write_at(std::uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      auto n = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return failed("writing", path_);
      offset += static_cast<std::uint64_t>(n);
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
  }

  result<std::string> read_at(std::uint64_t offset, std::uint64_t length) const override {
    std::string bytes(length, '\0');
    std::size_t have = 0;
    while (have < length) {
      auto n =
        ::pread(fd_.get(), bytes.data() + have, length - have, static_cast<off_t>(offset + have));
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return failed("reading", path_);
      if (n == 0)
        break;
      have += static_cast<std::size_t>(n);
    }
    bytes.resize(have);
    return bytes;
  }

  result<void> sync() override {
    // Never repeated after a failure: the kernel drops the dirty pages it could not write and
    // reports that once, so a second call would lie.
    if (::fdatasync(fd_.get()) != 0)
      return failed("syncing", path_);
    return {};
  }

  result<std::uint64_t> size() const override {
    struct stat info {};
    if (::fstat(fd_.get(), &info) != 0)
      return failed("looking at", path_);
    return static_cast<std::uint64_t>(info.st_size);
  }

private:
  descriptor fd_;
  std::string path_;
};

class posix_layer final : public file_layer {
public:
  result<std::shared_ptr<file>> open(const std::string& path) override {
    int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0)
      return failed("opening", path);
    return std::shared_ptr<file>{std::make_shared<posix_file>(fd, path)};
  }

  result<std::shared_ptr<file>> create(const std::string& path, std::uint64_t size) override {
    int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_CREAT | O_TRUNC, 0600);
    if (fd < 0)
      return failed("creating", path);
    auto made = std::make_shared<posix_file>(fd, path);
    if (auto filled = fill(*made, size); !filled) {
      ::unlink(path.c_str());
      return filled.error();
    }
    return std::shared_ptr<file>{made};
  }

  result<void> rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0)
      return failed("renaming to " + to + " the file", from);
    return {};
  }

  result<void> remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0)
      return failed("removing", path);
    return {};
  }

  result<std::vector<std::string>> list(const std::string& directory) override {
    auto* stream = ::opendir(directory.c_str());
    if (!stream)
      return failed("listing", directory);
    std::vector<std::string> names;
    while (const auto* entry = ::readdir(stream)) { // NOLINT: one stream, one thread
      std::string name{entry->d_name};
      if (name != "." && name != "..")
        names.push_back(std::move(name));
    }
    ::closedir(stream);
    return names;
  }

  result<void> make_directory(const std::string& path) override {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
      return failed("making the directory", path);
    return {};
  }

  result<void> sync_directory(const std::string& path) override {
    descriptor fd{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (fd.get() < 0 || ::fsync(fd.get()) != 0)
      return failed("syncing the directory", path);
    return {};
  }

  result<std::uint64_t> free_bytes(const std::string& path) override {
    struct statvfs about {};
    if (::statvfs(path.c_str(), &about) != 0)
      return failed("looking at the file system of", path);
    return static_cast<std::uint64_t>(about.f_bavail) * about.f_frsize;
  }

  result<std::shared_ptr<void>> lock(const std::string& path) override {
    int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
      return failed("opening", path);
    auto held = std::make_shared<descriptor>(fd);
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0)
      return failure{.reason = reason::conflict,
                     .message = "locking " + path + ": another process has the log open"};
    return std::shared_ptr<void>{held};
  }

private:
  static result<void> fill(posix_file& f, std::uint64_t size) {
    const std::string zeros(std::min<std::uint64_t>(size, 1U << 20), '\0');
    for (std::uint64_t at = 0; at < size; at += zeros.size())
      CHECK_RETURN(f.write_at(at, std::string_view{zeros}.substr(0, size - at)));
    return f.sync();
  }
};

} // namespace

std::shared_ptr<file_layer> posix_files() { return std::make_shared<posix_layer>(); }

} // namespace troupe::wal
