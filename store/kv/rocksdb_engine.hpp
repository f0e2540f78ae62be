// The engine of a real replica: RocksDB without its write-ahead log, in one column family.
#pragma once

#include "store/kv/engine.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace troupe::store {

struct rocksdb_options {
  std::string directory; // made if missing; one engine at a time
  std::uint64_t cache_bytes =
    16U << 20U; // blocks, indexes and filters: the in-memory index is the real cache
  std::uint64_t write_buffer_bytes = 8U << 20U; // of one memtable
  int write_buffers = 3;
  /// First bytes of keys: where one of each kind was inserted last is remembered, and the search
  /// for the next one's place begins there. No range of such keys may be erased.
  std::string remembered{};
  int background_jobs = 2;
  /// Free bytes at a path, in place of the file system's word: for tests.
  std::function<std::uint64_t(const std::string& path)> room{};
};

/// Opens or creates. Fails with reason::internal when the files are damaged: rebuild the replica
/// from its peers. A disk without room fails nothing: what is to be flushed waits in memory until
/// there is some, and writes are refused with reason::too_many_requests once that is full.
result<std::unique_ptr<engine>> open_rocksdb(const rocksdb_options& options);

} // namespace troupe::store
