// Makes the store of a cluster's first masters from a snapshot. Before any actor.
#pragma once

#include "actors/storage/open.hpp"
#include "store/mvcc/backup.hpp"

namespace troupe::storage {

struct restore_options {
  store_options store;     // `founders` names all first masters
  std::string snapshot;    // file
  std::uint64_t group = 0; // drawn at random, the same for all founders
  std::uint64_t jump = 0;  // as backup_restore::finish
};
struct restored {
  store::backup_about about;
  std::uint64_t records = 0;
  revision last{}; // where the new cluster goes on
};

/// Writes a whole new store; blocks. Nothing is left when it fails. Fails with conflict when there
/// is one already, with invalid when the snapshot is damaged or none.
result<restored> restore_store(const restore_options& o);

/// The same over other drivers.
result<restored> restore_store(const restore_options& o, const std::shared_ptr<wal::file_layer>& to,
                               store::engine& rows, const wal::file& snapshot);

} // namespace troupe::storage
