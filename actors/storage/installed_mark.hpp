// The mark of the snapshot that the state machine was last replaced by, on the disk before the
// state machine is: who dies between that and the log's own note of it finds it here.
#pragma once

#include "store/wal/log_file.hpp"

#include <optional>
#include <string>

namespace troupe::storage {

/// Durable when it returns. Blocks.
result<void> save_mark(wal::file_layer& files, const std::string& directory,
                       const raft::snapshot_mark& mark);
/// Nothing when no snapshot was ever installed.
result<std::optional<raft::snapshot_mark>> load_mark(wal::file_layer& files,
                                                     const std::string& directory);

} // namespace troupe::storage
