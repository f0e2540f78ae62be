// Files that hold keys and certificates: written whole or not at all, keys readable by the owner
// only.
#pragma once

#include "config/base/result.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace troupe::pki {

enum class secrecy : std::uint8_t {
  secret, // mode 0600
  open,   // mode 0644
};

/// Writes to a temporary file beside `path`, syncs it and its directory, and renames it over
/// `path`. Directories on the way are made with mode 0700.
result<void> write_file(const std::filesystem::path& path, std::string_view content, secrecy mode);
/// Reads a whole file of at most `limit` bytes.
result<std::string> read_file(const std::filesystem::path& path, std::size_t limit = 1 << 20);
/// Reads a key file; fails when others than its owner may read or write it.
result<std::string> read_secret_file(const std::filesystem::path& path);

} // namespace troupe::pki
