// Opens a master's store on its disk: the log, the state machine in RocksDB.
#pragma once

#include "actors/storage/replica.hpp"

namespace troupe::storage {

struct store_options {
  std::string directory; // made if missing
  std::string cluster;
  std::string member; // name
  /// The first members (NAME=HOST:PORT) of a new cluster; empty for one that joins. Only looked at
  /// when there is no store yet.
  std::vector<std::string> founders;
  std::uint64_t segment_bytes = 32U << 20; // of the log's files
  seal::keyring_ptr keys{};                // encryption at rest; null: nothing is sealed
};

/// The configuration of a new group: each NAME=HOST:PORT votes.
raft::configuration founding_members(const std::vector<std::string>& addresses);

/// Blocks; before any actor. Fails loudly on damage.
result<opened_store> open_store(const store_options& o);

/// The same over other drivers: what the simulation uses. `rows` holds what survived.
result<opened_store> open_store(const store_options& o, std::shared_ptr<wal::file_layer> files,
                                std::shared_ptr<store::engine> rows,
                                const store::replica_options& replica);

} // namespace troupe::storage
