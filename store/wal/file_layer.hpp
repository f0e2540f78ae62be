// The few file operations of the log, behind an interface: a test's layer loses or tears what was
// not synced.
#pragma once

#include "config/base/result.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::wal {

/// An open file. Different threads may call; writes of one byte by two threads are the caller's
/// matter.
class file {
public:
  file() = default;
  file(const file&) = delete;
  file& operator=(const file&) = delete;
  virtual ~file() = default;

  virtual result<void> write_at(std::uint64_t offset, std::string_view bytes) = 0;
  /// Fewer bytes than asked for only at the end of the file.
  virtual result<std::string> read_at(std::uint64_t offset, std::uint64_t length) const = 0;
  /// What was written is durable (fdatasync: the data and the size).
  virtual result<void> sync() = 0;
  virtual result<std::uint64_t> size() const = 0;
};

class file_layer {
public:
  file_layer() = default;
  file_layer(const file_layer&) = delete;
  file_layer& operator=(const file_layer&) = delete;
  virtual ~file_layer() = default;

  /// Fails with not_found if there is none.
  virtual result<std::shared_ptr<file>> open(const std::string& path) = 0;
  /// Makes a file of `size` zero bytes, truly written, so that later syncs move no metadata.
  /// A full disk is `unavailable`, and leaves no file.
  virtual result<std::shared_ptr<file>> create(const std::string& path, std::uint64_t size) = 0;
  virtual result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual result<void> remove(const std::string& path) = 0;
  /// The names in `directory`, in any order.
  virtual result<std::vector<std::string>> list(const std::string& directory) = 0;
  virtual result<void> make_directory(const std::string& path) = 0;
  /// Creations, renames and removals in `directory` are durable.
  virtual result<void> sync_directory(const std::string& path) = 0;
  /// Free for us on the file system of `path`.
  virtual result<std::uint64_t> free_bytes(const std::string&) { return ~std::uint64_t{0}; }
  /// Held until the value dies; fails with conflict when another process holds it.
  virtual result<std::shared_ptr<void>> lock(const std::string& path) = 0;
};

/// The operating system's.
std::shared_ptr<file_layer> posix_files();

} // namespace troupe::wal
