// What a kubelet asks of its machine beside the runtime: directories, files, facts. Blocking; used
// on a pool's threads. The simulation has a machine of nothing.
#pragma once

#include "config/base/clock.hpp"
#include "config/base/result.hpp"
#include "runtime/base/types.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace troupe::kubelet {

struct file_to_write {
  std::string path;
  std::string content;
  std::uint32_t mode = 0644;
  bool operator==(const file_to_write&) const = default;
};
struct directory_to_make {
  std::string path;
  std::uint32_t mode = 0755;
  bool memory = false;         // a tmpfs
  std::int64_t size_limit = 0; // of a tmpfs, bytes; 0: half of the machine's memory
  std::int64_t group = -1;     // owner group, with the set-group bit; -1: as it is
  bool operator==(const directory_to_make&) const = default;
};
/// A directory whose files follow a ConfigMap or Secret: all change at once, by one link.
struct content_to_show {
  std::string path;
  std::vector<file_to_write> files; // paths below it
  bool operator==(const content_to_show&) const = default;
};
/// A path of the node that a pod mounts, and what must be there (hostPath's type).
struct path_to_check {
  std::string path;
  std::string type;
  bool operator==(const path_to_check&) const = default;
};

/// What must be there before a container is created.
struct preparation {
  std::vector<path_to_check> paths;
  std::vector<directory_to_make> directories;
  std::vector<content_to_show> contents;
  std::vector<file_to_write> files;
  bool operator==(const preparation&) const = default;
};

/// What a pod leaves behind.
struct remains {
  std::vector<std::string> directories; // tmpfs below are unmounted first
  std::vector<std::string> cgroups;
  bool operator==(const remains&) const = default;
};

/// What does not change while the kubelet runs, or only slowly.
struct machine_facts {
  std::string hostname;
  std::uint32_t cpus = 1;
  std::uint64_t memory_bytes = 0;
  std::uint64_t memory_available = 0;
  std::uint64_t disk_bytes = 0; // of the file system of the data directory
  std::uint64_t disk_available = 0;
  std::uint64_t inodes = 0;
  std::uint64_t inodes_available = 0;
  std::string kernel;       // 6.1.0-18-amd64
  std::string os_image;     // Debian GNU/Linux 12 (bookworm)
  std::string architecture; // amd64
  std::string machine_id;
  std::string system_uuid;
  std::string boot_id;
  bool swap = false;
  runtime::dns_config dns; // of resolv.conf
  bool operator==(const machine_facts&) const = default;
};

/// A TCP connection, or an HTTP GET over it.
struct net_check {
  std::string address;
  std::uint16_t port = 0;
  bool http = false;
  std::string path = "/";
  std::vector<std::pair<std::string, std::string>> headers;
  duration limit = 1s;
};

/// A container's log file that was renamed away: the runtime must open a new one.
struct rotated_log {
  std::string pod_uid;
  std::string container;
  bool operator==(const rotated_log&) const = default;
};

class host {
public:
  virtual ~host() = default;
  /// Fails with what to tell of it; HTTP succeeds with 200 to 399.
  virtual result<void> check(const net_check& what) = 0;
  virtual result<void> prepare(const preparation& what) = 0;
  virtual result<void> clean(const remains& what) = 0;
  virtual result<machine_facts> facts() = 0;
  /// Renames logs longer than `max_bytes` to NAME.TIME; keeps so many files of each, the current
  /// one counted. `log_root` holds a directory per pod, in it one per container.
  virtual result<std::vector<rotated_log>>
  rotate_logs(const std::string& log_root, std::uint64_t max_bytes, std::uint32_t max_files) = 0;
};

/// This machine. Facts of disks are those of `data_dir`.
std::shared_ptr<host> make_host(std::string data_dir, std::string resolv_conf);
/// Prepares and cleans nothing; answers these facts.
std::shared_ptr<host> make_simulated_host(machine_facts facts);

} // namespace troupe::kubelet
