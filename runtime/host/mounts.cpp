#include "runtime/host/mounts.hpp"

#include "runtime/host/cgroup.hpp"

#include <cerrno>
#include <filesystem>
#include <sys/mount.h>

namespace troupe::runtime {

namespace {

result<void> mount_at(const char* source, const std::string& target, const char* type,
                      unsigned long flags, const char* options) {
  if (::mount(source, target.c_str(), type, flags, options) != 0)
    return system_failure("mount " + target, errno);
  return {};
}

result<void> make_directory(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error)
    return failure{reason::internal, "make " + path + ": " + error.message()};
  return {};
}

} // namespace

result<void> mount_node(const node_mounts& what) {
  // What the host mounts later still comes in; nothing goes out.
  CHECK_RETURN(mount_at("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr));
  if (what.own_proc)
    CHECK_RETURN(mount_at("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr));
  // Shims' sockets, runc's state, pinned network namespaces: gone with the node, as after a reboot.
  for (const auto* path : {"/run/containerd", "/run/netns", "/run/troupe"}) {
    CHECK_RETURN(make_directory(path));
    CHECK_RETURN(mount_at("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=64m"));
  }
  // Network namespaces are bind mounts: this directory must let them through to shims.
  CHECK_RETURN(mount_at("none", "/run/netns", nullptr, MS_SHARED, nullptr));
  auto cni = what.data_dir + "/cni-cache";
  CHECK_RETURN(make_directory(cni));
  CHECK_RETURN(make_directory("/var/lib/cni"));
  CHECK_RETURN(mount_at(cni.c_str(), "/var/lib/cni", nullptr, MS_BIND, nullptr));
  if (what.hide_unified && examine_machine().cgroups == cgroup_layout::hybrid
      && umount2("/sys/fs/cgroup/unified", MNT_DETACH) != 0)
    return system_failure("unmount /sys/fs/cgroup/unified", errno);
  return {};
}

} // namespace troupe::runtime
