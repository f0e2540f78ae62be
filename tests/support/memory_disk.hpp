// A disk in memory that can lose its power: what was not synced is gone, kept, or torn by sectors.
#pragma once

#include "config/base/random.hpp"
#include "store/wal/file_layer.hpp"

#include <map>
#include <set>

namespace troupe::wal {

class memory_disk final : public file_layer, public std::enable_shared_from_this<memory_disk> {
public:
  /// The power goes when this many more operations that change the disk were done: they fail from
  /// then on. The one at which it goes is half done.
  void fail_after(std::uint64_t operations) { left_ = operations; }
  bool dead() const { return left_ == 0; }
  /// Power comes back. Of each file's unsynced sectors some reached the disk, of the unsynced
  /// changes to the directory the first few. Returns how many sectors were lost.
  std::size_t power_cut(random_source& random);
  /// The next sync fails, as Linux does it: what it should have written counts as clean, can be
  /// read, and is not on the disk.
  void fail_next_sync() { failing_ = true; }
  /// A sync failed since the disk was last opened anew (power_cut, release_locks).
  bool sync_failed() const { return failed_; }
  /// The process that held a lock was killed; the disk goes on.
  void release_locks() {
    held_.reset();
    failing_ = failed_ = false;
  }
  void set_full(bool full) { full_ = full; }
  /// What is said to be free; nothing is refused by it.
  void set_free(std::uint64_t bytes) { free_ = bytes; }

  std::uint64_t operations() const { return operations_; }
  std::map<std::string, std::string> contents() const; // path to bytes
  /// The file's bytes, to be spoilt behind the log's back.
  std::string& bytes(const std::string& path) { return names_.at(path)->now; }
  /// Likewise, and on the disk itself.
  void spoil(const std::string& path, std::size_t at, std::string_view with);

  result<std::shared_ptr<file>> open(const std::string& path) override;
  result<std::shared_ptr<file>> create(const std::string& path, std::uint64_t size) override;
  result<void> rename(const std::string& from, const std::string& to) override;
  result<void> remove(const std::string& path) override;
  result<std::vector<std::string>> list(const std::string& directory) override;
  result<void> make_directory(const std::string& path) override;
  result<void> sync_directory(const std::string& path) override;
  result<std::uint64_t> free_bytes(const std::string&) override { return free_; }
  result<std::shared_ptr<void>> lock(const std::string& path) override;

private:
  friend class memory_file;
  struct inode {
    std::string now;
    std::string durable;
    std::set<std::size_t> unsynced; // sectors
  };
  using names = std::map<std::string, std::shared_ptr<inode>>;
  bool spend(); // one operation; false: the power is gone

  names names_;
  names durable_names_;
  std::vector<names> directory_steps_; // after each change since the last sync
  std::weak_ptr<void> held_;
  std::uint64_t left_ = ~std::uint64_t{0};
  std::uint64_t operations_ = 0;
  bool full_ = false;
  std::uint64_t free_ = ~std::uint64_t{0};
  bool failing_ = false;
  bool failed_ = false;
};

} // namespace troupe::wal
