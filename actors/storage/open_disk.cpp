// The real drivers under a replica; apart, so that the simulation links no RocksDB.
#include "actors/storage/identity.hpp"
#include "actors/storage/open.hpp"
#include "actors/storage/recover.hpp"
#include "actors/storage/restore.hpp"
#include "store/kv/rocksdb_engine.hpp"

#include <algorithm>
#include <filesystem>
#include <sys/stat.h>

namespace troupe::storage {
namespace {

result<std::unique_ptr<store::engine>> open_rows(const store_options& o) {
  store::rocksdb_options rows;
  rows.directory = o.directory + "/state";
  rows.remembered = "fv"; // the machine's facts, and versions (store/mvcc/rows.hpp)
  return store::open_rocksdb(rows);
}

/// Of the newest file in the log's directory.
std::optional<instant> last_written(const std::string& directory) {
  std::optional<instant> out;
  std::error_code none;
  for (const auto& file : std::filesystem::directory_iterator{directory + "/log", none}) {
    struct stat about {};
    if (file.path().extension() != ".log" || ::stat(file.path().c_str(), &about) != 0)
      continue;
    instant when{std::chrono::seconds{about.st_mtim.tv_sec}
                 + std::chrono::nanoseconds{about.st_mtim.tv_nsec}};
    out = std::max(out.value_or(when), when);
  }
  return out;
}

/// The store of a member whose process does not run.
result<opened_store> open_stopped(const recover_options& o) {
  auto what = "recover " + o.store.directory + ": ";
  if (!std::filesystem::exists(o.store.directory + "/log"))
    return failure{.reason = reason::invalid, .message = what + "there is no store"};
  auto held = wal::posix_files()->lock(o.store.directory + "/log/lock");
  if (!held)
    return failure{.reason = reason::conflict, .message = what + "its master runs; stop it first"};
  held->reset();
  OR_RETURN(auto opened, open_store(o.store));
  if (look_at(opened, o).last.index == log_index{})
    return failure{.reason = reason::invalid,
                   .message = what + "it holds nothing; it joined and never got the data"};
  return opened;
}

} // namespace

result<survivor> look_at_survivor(const recover_options& o) {
  auto when = last_written(o.store.directory);
  OR_RETURN(auto opened, open_stopped(o));
  auto out = look_at(opened, o);
  out.when = when;
  return out;
}

result<survivor> recover_alone(const recover_options& o) {
  auto when = last_written(o.store.directory);
  OR_RETURN(auto opened, open_stopped(o));
  auto out = look_at(opened, o);
  out.when = when;
  CHECK_RETURN(recover_alone(opened, o));
  CHECK_RETURN(opened.log->close());
  return out;
}

result<opened_store> open_store(const store_options& o) {
  auto files = wal::posix_files();
  CHECK_RETURN(files->make_directory(o.directory));
  OR_RETURN(auto identity, open_identity(*files, o.directory)); // before RocksDB touches anything
  (void)identity;
  OR_RETURN(auto engine, open_rows(o));
  return open_store(o, std::move(files), std::move(engine), {});
}

result<restored> restore_store(const restore_options& o) {
  namespace fs = std::filesystem;
  auto files = wal::posix_files();
  OR_RETURN(auto snapshot, files->open(o.snapshot));
  if (fs::exists(o.store.directory))
    return failure{.reason = reason::conflict,
                   .message = "restore into " + o.store.directory + ": there is a store already"};
  CHECK_RETURN(files->make_directory(o.store.directory));
  auto done = [&]() -> result<restored> {
    OR_RETURN(auto rows, open_rows(o.store));
    return restore_store(o, files, *rows, *snapshot);
  }();
  std::error_code ignored; // the failure is what the caller needs to know
  if (!done)
    fs::remove_all(o.store.directory, ignored);
  return done;
}

} // namespace troupe::storage
