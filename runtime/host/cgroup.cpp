#include "runtime/host/cgroup.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>
#include <vector>

namespace troupe::runtime {

namespace {

namespace fs = std::filesystem;

constexpr auto root = "/sys/fs/cgroup";

bool is_mount_of(const char* path, long magic) {
  struct statfs found {};
  return statfs(path, &found) == 0 && found.f_type == magic;
}

/// The mounted hierarchies, without the symbolic links among them (cpu -> cpu,cpuacct).
std::vector<fs::path> hierarchies() {
  if (is_mount_of(root, CGROUP2_SUPER_MAGIC))
    return {root};
  std::vector<fs::path> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root, error))
    if (!entry.is_symlink(error) && entry.is_directory(error)
        && (is_mount_of(entry.path().c_str(), CGROUP_SUPER_MAGIC)
            || is_mount_of(entry.path().c_str(), CGROUP2_SUPER_MAGIC)))
      out.push_back(entry.path());
  return out;
}

result<void> remove_below(const fs::path& directory) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error))
    if (entry.is_directory(error))
      CHECK_RETURN(remove_below(entry.path()));
  if (rmdir(directory.c_str()) != 0 && errno != ENOENT)
    return system_failure("remove " + directory.string(), errno);
  return {};
}

} // namespace

machine examine_machine() {
  machine out;
  if (!is_mount_of(root, CGROUP2_SUPER_MAGIC))
    out.cgroups = is_mount_of("/sys/fs/cgroup/unified", CGROUP2_SUPER_MAGIC)
                    ? cgroup_layout::hybrid
                    : cgroup_layout::legacy;
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("CapEff:")) {
      auto capabilities = std::strtoull(line.c_str() + 7, nullptr, 16);
      out.may_lower_oom_score = ((capabilities >> 24) & 1) != 0; // CAP_SYS_RESOURCE
    }
  std::ifstream apparmor("/sys/module/apparmor/parameters/enabled");
  out.apparmor = apparmor.get() == 'Y';
  return out;
}

result<void> make_cgroup(const std::string& path) {
  for (const auto& hierarchy : hierarchies()) {
    std::error_code error;
    fs::create_directories(fs::path(hierarchy.string() + path), error);
    if (error)
      return failure{reason::internal,
                     "make " + hierarchy.string() + path + ": " + error.message()};
  }
  return {};
}

result<void> remove_cgroup(const std::string& path) {
  result<void> out;
  for (const auto& hierarchy : hierarchies()) {
    auto removed = remove_below(hierarchy.string() + path);
    if (!removed && out)
      out = removed;
  }
  return out;
}

void remove_unused_cgroups(std::string path) {
  for (; path.size() > 1; path.erase(path.rfind('/')))
    for (const auto& hierarchy : hierarchies()) {
      std::error_code in_use;
      fs::remove(hierarchy.string() + path, in_use);
    }
}

} // namespace troupe::runtime
