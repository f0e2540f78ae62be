// What a store's directory says of itself before anything in it is read: its format, and which
// group of replicas it belongs to.
#pragma once

#include "store/wal/file_layer.hpp"

#include <cstdint>
#include <string>

namespace troupe::storage {

/// Of everything below a store's directory. A newer one is not opened.
inline constexpr std::uint32_t store_format = 1;

struct store_identity {
  std::uint32_t format = store_format;
  /// 0: as it was founded. A cluster that was restored or recovered has another number: what the
  /// replicas of its earlier life say is not heard.
  std::uint64_t group = 0;
  bool operator==(const store_identity&) const = default;
};

/// Durable when it returns. Blocks.
result<void> save_identity(wal::file_layer& files, const std::string& directory,
                           const store_identity& what);
/// What is there; where there is nothing, that of a store that is founded, written down. Fails with
/// invalid on a newer format and says which. Blocks.
result<store_identity> open_identity(wal::file_layer& files, const std::string& directory);

} // namespace troupe::storage
