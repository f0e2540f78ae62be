#include "actors/kubelet/host.hpp"

#include "actors/kubelet/net_check.hpp"
#include "runtime/host/cgroup.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sched.h>
#include <sstream>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace troupe::kubelet {

namespace {

namespace fs = std::filesystem;

failure file_failure(const std::string& what, const std::error_code& error) {
  return {.reason = reason::internal, .message = what + ": " + error.message()};
}

/// Whole or not at all, for whoever reads it at the same time.
result<void> write_file(const file_to_write& what) {
  auto next = what.path + ".new";
  auto fd = open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, what.mode);
  if (fd < 0)
    return system_failure("write " + next, errno);
  auto left = std::string_view(what.content);
  while (!left.empty()) {
    auto n = write(fd, left.data(), left.size());
    if (n < 0 && errno != EINTR) {
      auto why = system_failure("write " + next, errno);
      close(fd);
      return why;
    }
    if (n > 0)
      left.remove_prefix(static_cast<std::size_t>(n));
  }
  fchmod(fd, what.mode);
  close(fd);
  if (rename(next.c_str(), what.path.c_str()) != 0)
    return system_failure("rename " + next, errno);
  return {};
}

bool is_mount(const std::string& path) {
  struct stat here {};
  struct stat above {};
  return stat(path.c_str(), &here) == 0 && stat((path + "/..").c_str(), &above) == 0
         && here.st_dev != above.st_dev;
}

result<void> make_directory(const directory_to_make& what) {
  std::error_code error;
  fs::create_directories(what.path, error);
  if (error)
    return file_failure("make " + what.path, error);
  if (what.memory && !is_mount(what.path)) {
    auto options = what.size_limit > 0 ? "size=" + std::to_string(what.size_limit) : std::string();
    if (mount("tmpfs", what.path.c_str(), "tmpfs", 0, options.c_str()) != 0)
      return system_failure("mount a tmpfs on " + what.path, errno);
  }
  if (what.group >= 0
      && chown(what.path.c_str(), static_cast<uid_t>(-1), static_cast<gid_t>(what.group)) != 0)
    return system_failure("give " + what.path + " to its group", errno);
  auto mode = what.mode | (what.group >= 0 ? 02070U : 0U);
  if (chmod(what.path.c_str(), mode) != 0)
    return system_failure("set the mode of " + what.path, errno);
  return {};
}

/// A new directory beside the old one, and one rename of the link `..data` between them.
result<void> show(const content_to_show& what) {
  std::error_code error;
  fs::create_directories(what.path, error);
  if (error)
    return file_failure("make " + what.path, error);
  auto pattern = what.path + "/..v-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr)
    return system_failure("make a directory in " + what.path, errno);
  chmod(pattern.c_str(), 0755);
  for (const auto& f : what.files) {
    fs::create_directories(fs::path(pattern + "/" + f.path).parent_path(), error);
    CHECK_RETURN(write_file({pattern + "/" + f.path, f.content, f.mode}));
  }
  auto data = what.path + "/..data";
  auto old = fs::read_symlink(data, error);
  auto next = what.path + "/..data.new";
  fs::remove(next, error);
  if (symlink(fs::path(pattern).filename().c_str(), next.c_str()) != 0
      || rename(next.c_str(), data.c_str()) != 0)
    return system_failure("switch " + data, errno);
  std::vector<std::string> tops;
  for (const auto& f : what.files)
    tops.push_back(f.path.substr(0, f.path.find('/')));
  for (const auto& top : tops) {
    auto link = what.path + "/" + top;
    if (!fs::is_symlink(link, error) && symlink(("..data/" + top).c_str(), link.c_str()) != 0
        && errno != EEXIST)
      return system_failure("link " + link, errno);
  }
  for (const auto& entry : fs::directory_iterator(what.path, error)) {
    auto name = entry.path().filename().string();
    auto known = name.starts_with("..") || std::find(tops.begin(), tops.end(), name) != tops.end();
    if (!known)
      fs::remove(entry.path(), error);
  }
  if (!old.empty())
    fs::remove_all(what.path / old, error);
  return {};
}

result<void> check_path(const path_to_check& what) {
  std::error_code error;
  auto found = fs::status(what.path, error);
  auto wrong = [&](const char* expected) {
    return failure{.reason = reason::invalid,
                   .message = "hostPath type check failed: " + what.path + " is not " + expected};
  };
  if (what.type == "DirectoryOrCreate" && !fs::exists(found))
    return make_directory({what.path});
  if (what.type == "FileOrCreate" && !fs::exists(found))
    return write_file({what.path, {}});
  if (what.type.starts_with("Directory") && !fs::is_directory(found))
    return wrong("a directory");
  if (what.type.starts_with("File") && !fs::is_regular_file(found))
    return wrong("a file");
  if (what.type == "Socket" && !fs::is_socket(found))
    return wrong("a socket");
  if (what.type == "CharDevice" && !fs::is_character_file(found))
    return wrong("a character device");
  if (what.type == "BlockDevice" && !fs::is_block_file(found))
    return wrong("a block device");
  if (what.type.empty() && !fs::exists(found))
    return make_directory({what.path}); // as container runtimes do
  return {};
}

std::string first_line(const char* path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

std::uint64_t memory_line(const std::string& text, const std::string& key) {
  auto at = text.find(key + ":");
  return at == std::string::npos
           ? 0
           : std::strtoull(text.c_str() + at + key.size() + 1, nullptr, 10) * 1024;
}

std::string whole(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::string os_name() {
  std::ifstream in("/etc/os-release");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("PRETTY_NAME=")) {
      line.erase(0, 12);
      std::erase(line, '"');
      return line;
    }
  return "Linux";
}

runtime::dns_config read_resolv(const std::string& path) {
  runtime::dns_config out;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string key;
    words >> key;
    auto* to = key == "nameserver" ? &out.servers
               : key == "search"   ? &out.searches
               : key == "options"  ? &out.options
                                   : nullptr;
    if (to == nullptr)
      continue;
    if (key == "search")
      to->clear(); // the last one counts
    for (std::string word; words >> word;)
      to->push_back(word);
  }
  return out;
}

/// The files `N.log.TIME` beyond the newest `keep` go.
void drop_old(const fs::path& log, std::uint32_t keep) {
  std::error_code error;
  std::vector<fs::path> old;
  for (const auto& entry : fs::directory_iterator(log.parent_path(), error))
    if (entry.path().filename().string().starts_with(log.filename().string() + "."))
      old.push_back(entry.path());
  std::sort(old.rbegin(), old.rend()); // their times sort as text
  for (std::size_t i = keep; i < old.size(); ++i)
    fs::remove(old[i], error);
}

/// True when it was renamed away.
bool rotate(const fs::path& log, std::uint64_t max_bytes, std::uint32_t max_files) {
  std::error_code error;
  if (fs::file_size(log, error) <= max_bytes || error)
    return false;
  std::array<char, 32> time{};
  auto now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::strftime(time.data(), time.size(), "%Y%m%d-%H%M%S", &parts);
  fs::rename(log, log.string() + "." + time.data(), error);
  if (error)
    return false;
  drop_old(log, max_files > 1 ? max_files - 1 : 0);
  return true;
}

class real_host final : public host {
public:
  real_host(std::string data_dir, std::string resolv_conf)
      : data_dir_(std::move(data_dir)), resolv_conf_(std::move(resolv_conf)) {}

  result<void> check(const net_check& what) override { return check_network(what); }

  result<void> prepare(const preparation& what) override {
    for (const auto& p : what.paths)
      CHECK_RETURN(check_path(p));
    for (const auto& d : what.directories)
      CHECK_RETURN(make_directory(d));
    for (const auto& c : what.contents)
      CHECK_RETURN(show(c));
    for (const auto& f : what.files)
      CHECK_RETURN(write_file(f));
    return {};
  }

  result<void> clean(const remains& what) override {
    for (const auto& directory : what.directories) {
      std::error_code error;
      for (const auto& volume : fs::directory_iterator(directory + "/volumes", error))
        if (is_mount(volume.path()))
          umount2(volume.path().c_str(), MNT_DETACH);
      fs::remove_all(directory, error);
      if (error)
        return file_failure("remove " + directory, error);
    }
    for (const auto& cgroup : what.cgroups)
      CHECK_RETURN(runtime::remove_cgroup(cgroup));
    return {};
  }

  result<machine_facts> facts() override {
    machine_facts out;
    utsname name{};
    uname(&name);
    out.hostname = name.nodename;
    out.kernel = name.release;
    auto machine = std::string(name.machine);
    out.architecture = machine == "x86_64" ? "amd64" : machine == "aarch64" ? "arm64" : machine;
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    if (sched_getaffinity(0, sizeof cpus, &cpus) == 0)
      out.cpus = static_cast<std::uint32_t>(CPU_COUNT(&cpus));
    auto memory = whole("/proc/meminfo");
    out.memory_bytes = memory_line(memory, "MemTotal");
    out.memory_available = memory_line(memory, "MemAvailable");
    out.swap = memory_line(memory, "SwapTotal") > 0;
    struct statvfs disk {};
    if (statvfs(data_dir_.c_str(), &disk) == 0) {
      out.disk_bytes = disk.f_blocks * disk.f_frsize;
      out.disk_available = disk.f_bavail * disk.f_frsize;
      out.inodes = disk.f_files;
      out.inodes_available = disk.f_favail;
    }
    out.os_image = os_name();
    out.machine_id = first_line("/etc/machine-id");
    out.system_uuid = first_line("/sys/class/dmi/id/product_uuid");
    if (out.system_uuid.empty())
      out.system_uuid = out.machine_id;
    out.boot_id = first_line("/proc/sys/kernel/random/boot_id");
    out.dns = read_resolv(resolv_conf_);
    return out;
  }

  result<std::vector<rotated_log>> rotate_logs(const std::string& log_root, std::uint64_t max_bytes,
                                               std::uint32_t max_files) override {
    std::vector<rotated_log> out;
    std::error_code error;
    for (const auto& pod : fs::directory_iterator(log_root, error))
      for (const auto& container : fs::directory_iterator(pod.path(), error))
        for (const auto& log : fs::directory_iterator(container.path(), error))
          if (log.path().extension() == ".log" && rotate(log.path(), max_bytes, max_files)) {
            auto name = pod.path().filename().string();
            out.push_back({name.substr(name.rfind('_') + 1), container.path().filename()});
          }
    return out;
  }

private:
  std::string data_dir_;
  std::string resolv_conf_;
};

class simulated_host final : public host {
public:
  explicit simulated_host(machine_facts facts) : facts_(std::move(facts)) {}
  result<void> check(const net_check&) override { return {}; }
  result<void> prepare(const preparation&) override { return {}; }
  result<void> clean(const remains&) override { return {}; }
  result<machine_facts> facts() override { return facts_; }
  result<std::vector<rotated_log>> rotate_logs(const std::string&, std::uint64_t,
                                               std::uint32_t) override {
    return std::vector<rotated_log>();
  }

private:
  machine_facts facts_;
};

} // namespace

std::shared_ptr<host> make_host(std::string data_dir, std::string resolv_conf) {
  return std::make_shared<real_host>(std::move(data_dir), std::move(resolv_conf));
}

std::shared_ptr<host> make_simulated_host(machine_facts facts) {
  return std::make_shared<simulated_host>(std::move(facts));
}

} // namespace troupe::kubelet
