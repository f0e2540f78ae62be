// The real drivers under a replica; apart, so that the simulation links no RocksDB.
#include "actors/storage/open.hpp"
#include "store/kv/rocksdb_engine.hpp"

namespace troupe::storage {

result<opened_store> open_store(const store_options& o) {
  auto files = wal::posix_files();
  CHECK_RETURN(files->make_directory(o.directory));
  store::rocksdb_options rows;
  rows.directory = o.directory + "/state";
  rows.remembered = "fv"; // the machine's facts, and versions (store/mvcc/rows.hpp)
  OR_RETURN(auto engine, store::open_rocksdb(rows));
  return open_store(o, std::move(files), std::move(engine), {});
}

} // namespace troupe::storage
