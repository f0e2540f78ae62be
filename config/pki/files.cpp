#include "config/pki/files.hpp"

#include "config/pki/key.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::pki {
namespace {

class descriptor {
public:
  explicit descriptor(int fd) : fd_(fd) {}
  ~descriptor() {
    if (fd_ >= 0)
      ::close(fd_);
  }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  int get() const { return fd_; }

private:
  int fd_;
};

result<void> make_directories(const std::filesystem::path& dir) {
  if (dir.empty())
    return {};
  std::error_code error;
  if (std::filesystem::is_directory(dir, error))
    return {};
  CHECK_RETURN(make_directories(dir.parent_path()));
  if (::mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST)
    return system_failure("making the directory " + dir.string(), errno);
  return {};
}

result<void> write_all(int fd, std::string_view content, const std::string& name) {
  while (!content.empty()) {
    auto n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return system_failure("writing " + name, errno);
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  if (::fsync(fd) != 0)
    return system_failure("syncing " + name, errno);
  return {};
}

result<std::string> read_some(int fd, const std::string& name, std::size_t limit) {
  std::string out;
  std::size_t used = 0;
  while (true) {
    out.resize(used + 16384);
    auto n = ::read(fd, out.data() + used, out.size() - used);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return system_failure("reading " + name, errno);
    used += static_cast<std::size_t>(n);
    out.resize(used);
    if (used > limit)
      return failure{.reason = reason::too_large,
                     .message = name + " is longer than " + std::to_string(limit) + " bytes"};
    if (n == 0)
      return out;
  }
}

result<std::string> read_checked(const std::filesystem::path& path, std::size_t limit,
                                 bool secret) {
  descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.get() < 0) {
    auto why = system_failure("opening " + path.string(), errno);
    if (errno == ENOENT)
      why.reason = reason::not_found;
    return why;
  }
  struct stat about {};
  if (::fstat(file.get(), &about) != 0)
    return system_failure("looking at " + path.string(), errno);
  if (secret && (about.st_mode & 077) != 0)
    return failure{.reason = reason::forbidden,
                   .message = path.string() + " holds a secret and others may read it: chmod 600"};
  return read_some(file.get(), path.string(), limit);
}

} // namespace

result<void> write_file(const std::filesystem::path& path, std::string_view content, secrecy mode) {
  auto dir = path.has_parent_path() ? path.parent_path() : std::filesystem::path{"."};
  CHECK_RETURN(make_directories(dir));
  auto beside = path;
  beside += "." + base64url(random_bytes(6)) + ".tmp";
  {
    descriptor file{::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                           mode == secrecy::secret ? 0600 : 0644)};
    if (file.get() < 0)
      return system_failure("creating " + beside.string(), errno);
    if (auto done = write_all(file.get(), content, beside.string()); !done) {
      ::unlink(beside.c_str());
      return done;
    }
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) {
    auto why = system_failure("renaming to " + path.string(), errno);
    ::unlink(beside.c_str());
    return why;
  }
  descriptor folder{::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (folder.get() < 0 || ::fsync(folder.get()) != 0)
    return system_failure("syncing the directory " + dir.string(), errno);
  return {};
}

result<std::string> read_file(const std::filesystem::path& path, std::size_t limit) {
  return read_checked(path, limit, false);
}

result<std::string> read_secret_file(const std::filesystem::path& path) {
  return read_checked(path, 1 << 20, true);
}

} // namespace troupe::pki
