#include "store/kv/rocksdb_engine.hpp"

#include "store/base/wire.hpp"
#include "store/kv/flush_watch.hpp"
#include "store/kv/patient_files.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/perf_level.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <unistd.h>

namespace troupe::store {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// The one row that is the engine's own.
constexpr std::string_view applied_key{"\0applied", 8};
// Names the generation that is live: a replacement is a new generation, made beside the old one.
constexpr const char* current_file = "CURRENT_GENERATION";

rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }

std::string_view text(const rocksdb::Slice& s) { return {s.data(), s.size()}; }

failure failed(std::string_view what, const rocksdb::Status& why) {
  if (why.IsIncomplete()) // the memory for rows is full until a flush ends
    return {.reason = reason::too_many_requests,
            .message = std::string{what} + ": it waits for what is being flushed"};
  // Busy: RocksDB recovers from an error by itself.
  auto passing = why.IsNoSpace() || why.IsBusy();
  return {.reason = passing ? reason::unavailable : reason::internal,
          .message = std::string{what} + ": " + why.ToString()};
}

/// The first byte of a key, for kinds whose last place of insertion is remembered, and for the
/// engine's own.
class kind_of_row final : public rocksdb::SliceTransform {
public:
  explicit kind_of_row(const std::string& kinds) : kinds_(kinds + '\0') {}
  const char* Name() const override { return "troupe.kind_of_row"; }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override { return {key.data(), 1}; }
  bool InDomain(const rocksdb::Slice& key) const override {
    return !key.empty() && kinds_.find(key[0]) != std::string::npos;
  }

private:
  std::string kinds_;
};

rocksdb::Options settings(const rocksdb_options& wanted) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(wanted.cache_bytes);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.block_size = 16U << 10U;
  rocksdb::Options out;
  out.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  out.write_buffer_size = wanted.write_buffer_bytes;
  out.max_write_buffer_number = wanted.write_buffers;
  out.max_background_jobs = wanted.background_jobs;
  out.bytes_per_sync = 1U << 20U;
  if (!wanted.remembered.empty())
    out.memtable_insert_with_hint_prefix_extractor =
      std::make_shared<const kind_of_row>(wanted.remembered);
  // What is flushed is merged away soon: compressing it twice would cost the writers.
  out.compression_per_level = {rocksdb::kNoCompression, rocksdb::kLZ4Compression};
  out.compression = rocksdb::kLZ4Compression;
  out.level_compaction_dynamic_level_bytes = true;
  out.target_file_size_base = 32U << 20U;
  out.keep_log_file_num = 2; // RocksDB's own text log
  out.max_log_file_size = 4U << 20U;
  out.stats_dump_period_sec = 0;
  out.max_open_files = 256;
  return out;
}

/// One generation's open database. Readers share it: it closes when the last of them is gone.
struct database {
  std::shared_ptr<patience> waits;
  std::unique_ptr<rocksdb::Env> files;
  std::unique_ptr<rocksdb::DB> db;
  std::shared_ptr<flush_watch> flushes = std::make_shared<flush_watch>();
  fs::path directory;
  bool discard = false; // superseded: its files go when it closes

  database() = default;
  database(const database&) = delete;
  database& operator=(const database&) = delete;
  ~database() {
    if (waits)
      waits->end();
    db.reset();
    std::error_code ignored; // a leftover is removed at the next start
    if (discard)
      fs::remove_all(directory, ignored);
  }
};

result<std::shared_ptr<database>> open_database(const rocksdb_options& options,
                                                const fs::path& directory, bool create) {
  auto out = std::make_shared<database>();
  out->directory = directory;
  auto how = settings(options);
  how.create_if_missing = create;
  how.listeners.push_back(out->flushes);
  out->waits = std::make_shared<patience>(options.room ? options.room : free_room(), 100ms);
  out->files = patient_files(out->waits);
  how.env = out->files.get();
  rocksdb::DB* db = nullptr;
  auto status = rocksdb::DB::Open(how, directory.string(), &db);
  if (!status.ok())
    return failed("open the store in " + directory.string(), status);
  out->db.reset(db);
  out->flushes->begin(db->GetLatestSequenceNumber());
  return out;
}

/// `at_once`: fails instead of waiting for a flush.
rocksdb::WriteOptions without_log(bool at_once) {
  rocksdb::WriteOptions how;
  how.disableWAL = true;
  how.no_slowdown = at_once;
  return how;
}

rocksdb::Status write_to(rocksdb::DB& db, const write_batch& rows, const std::string& remembered,
                         bool at_once) {
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable); // of this thread: it counts every comparison
  rocksdb::WriteBatch out{rows.bytes() + rows.size() * 16 + 64};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto item = rows[i];
    rocksdb::Status status;
    switch (item.what) {
    case write_batch::kind::put: status = out.Put(slice(item.key), slice(item.value)); break;
    case write_batch::kind::erase: status = out.Delete(slice(item.key)); break;
    case write_batch::kind::erase_range:
      // RocksDB 7.8 looks up the place of a range's mark among those of rows, which are elsewhere.
      invariant(item.key.empty() || remembered.find(item.key[0]) == std::string::npos,
                "no range is erased of rows whose place is remembered");
      status = out.DeleteRange(slice(item.key), slice(item.value));
      break;
    }
    if (!status.ok())
      return status;
  }
  if (auto index = rows.applied()) {
    std::string value;
    put_u64(value, raw(*index));
    if (auto status = out.Put(slice(applied_key), value); !status.ok())
      return status;
  }
  return db.Write(without_log(at_once), &out);
}

rocksdb::Status flush_all(database& base) {
  auto target = base.db->GetLatestSequenceNumber();
  base.flushes->forget_error();
  rocksdb::FlushOptions how;
  how.wait = false;
  how.allow_write_stall = true;
  auto status = base.db->Flush(how);
  while (status.IsTryAgain()) { // nothing is taken until one that is under way has ended
    auto ended = base.flushes->flushes();
    status = base.flushes->wait_for_another(ended, *base.waits);
    if (status.ok())
      status = base.db->Flush(how);
  }
  return status.ok() ? base.flushes->wait(target, *base.waits) : status;
}

class rocksdb_cursor : public row_cursor {
public:
  rocksdb_cursor(rocksdb::DB& db, const rocksdb::Snapshot* at, std::string_view from,
                 std::string_view to)
      : to_(to), bound_(to_) {
    rocksdb::ReadOptions how;
    how.snapshot = at;
    how.fill_cache = false;
    how.total_order_seek = true;
    how.readahead_size = 256U << 10U;
    if (!to_.empty())
      how.iterate_upper_bound = &bound_;
    rows_.reset(db.NewIterator(how));
    rows_->Seek(slice(from));
    skip_own();
  }

  bool valid() const override { return rows_->Valid(); }
  std::string_view key() const override { return text(rows_->key()); }
  std::string_view value() const override { return text(rows_->value()); }
  void next() override { rows_->Next(); }
  void seek(std::string_view key) override {
    rows_->Seek(slice(key));
    skip_own();
  }
  result<void> status() const override {
    auto status = rows_->status();
    return status.ok() ? result<void>{} : failed("walk the store's rows", status);
  }

private:
  void skip_own() {
    while (rows_->Valid() && !rows_->key().empty() && rows_->key()[0] == '\0')
      rows_->Next();
  }

  std::string to_;
  rocksdb::Slice bound_;
  std::unique_ptr<rocksdb::Iterator> rows_;
};

class rocksdb_reader : public row_reader {
public:
  explicit rocksdb_reader(std::shared_ptr<database> base)
      : base_(std::move(base)), at_(base_->db->GetSnapshot()) {}
  rocksdb_reader(const rocksdb_reader&) = delete;
  rocksdb_reader& operator=(const rocksdb_reader&) = delete;
  ~rocksdb_reader() override { base_->db->ReleaseSnapshot(at_); }

  result<std::optional<std::string>> get(std::string_view key) const override {
    rocksdb::ReadOptions how;
    how.snapshot = at_;
    std::string value;
    auto status = base_->db->Get(how, slice(key), &value);
    if (status.IsNotFound())
      return std::optional<std::string>{};
    if (!status.ok())
      return failed("read a row of the store", status);
    return std::optional{std::move(value)};
  }
  std::unique_ptr<row_cursor> walk(std::string_view from, std::string_view to) const override {
    return std::make_unique<rocksdb_cursor>(*base_->db, at_, from, to);
  }

private:
  std::shared_ptr<database> base_;
  const rocksdb::Snapshot* at_;
};

result<void> sync_path(const fs::path& path, int flags) {
  auto fd = ::open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0)
    return system_failure("open " + path.string(), errno);
  auto failed_with = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  return failed_with == 0 ? result<void>{} : system_failure("sync " + path.string(), failed_with);
}

fs::path generation_path(const fs::path& root, std::uint64_t generation) {
  return root / ("generation-" + std::to_string(generation));
}

/// Makes `generation` the one that the next start opens: durable, atomic.
result<void> set_generation(const fs::path& root, std::uint64_t generation) {
  auto fresh = root / (std::string{current_file} + ".new");
  {
    std::ofstream file{fresh, std::ios::trunc};
    file << generation << '\n';
    if (!file.flush())
      return failure{.message = "write " + fresh.string()};
  }
  CHECK_RETURN(sync_path(fresh, O_RDONLY));
  std::error_code why;
  fs::rename(fresh, root / current_file, why);
  if (why)
    return system_failure("rename " + fresh.string(), why.value());
  return sync_path(root, O_RDONLY | O_DIRECTORY);
}

result<std::uint64_t> read_generation(const fs::path& root) {
  auto path = root / current_file;
  if (!fs::exists(path))
    return std::uint64_t{0};
  std::ifstream file{path};
  std::uint64_t generation = 0;
  if (!(file >> generation) || generation == 0)
    return failure{.message = "read " + path.string() + ": not a generation's number"};
  return generation;
}

/// Removes what a crash left of replacements that were not committed, or of contents that were
/// superseded.
void remove_others(const fs::path& root, const fs::path& live) {
  std::error_code ignored; // tried again at the next start
  for (auto& entry : fs::directory_iterator{root, ignored})
    if (entry.path().filename().string().starts_with("generation-") && entry.path() != live)
      fs::remove_all(entry.path(), ignored);
}

class rocksdb_engine : public engine {
public:
  rocksdb_engine(rocksdb_options options, std::uint64_t generation, std::shared_ptr<database> live)
      : options_(std::move(options))
      , newest_(generation)
      , generation_(generation)
      , live_(std::move(live)) {}

  result<void> write(const write_batch& rows) override {
    auto status = write_to(*live()->db, rows, options_.remembered, true);
    return status.ok() ? result<void>{} : failed("write to the store", status);
  }

  row_reader_ptr read() const override { return std::make_shared<rocksdb_reader>(live()); }

  result<void> flush() override {
    auto base = live();
    auto status = flush_all(*base);
    if (!status.ok() && !base->waits->short_of_room()) { // an error stops RocksDB until it is told
      status = base->db->Resume();
      if (status.ok())
        status = flush_all(*base);
    }
    return status.ok() ? result<void>{} : failed("flush the store", status);
  }

  log_index durable_applied() const override {
    auto base = live();
    auto flushes = base->flushes->flushes(); // read first: a flush meanwhile is seen next time
    std::lock_guard lock{durable_mutex_};
    if (durable_of_ == base->directory && durable_at_ == flushes)
      return durable_;
    rocksdb::ReadOptions how;
    how.read_tier = rocksdb::kPersistedTier; // with the log off: the files alone, no memtable
    std::string value;
    auto status = base->db->Get(how, slice(applied_key), &value);
    if (!status.ok())
      return log_index{0};
    durable_ = log_index{unpacker{value}.u64()};
    durable_of_ = base->directory;
    durable_at_ = flushes;
    return durable_;
  }

  result<std::unique_ptr<replacement>> replace() override;

  const rocksdb_options& options() const { return options_; }

  /// The contents of `fresh` are durable from here on, and these are dropped when their last reader
  /// is gone.
  result<void> replace_by(std::shared_ptr<database> fresh, std::uint64_t generation) {
    CHECK_RETURN(set_generation(options_.directory, generation));
    std::lock_guard lock{live_mutex_};
    live_->discard = true;
    live_ = std::move(fresh);
    generation_ = generation;
    return {};
  }

private:
  std::shared_ptr<database> live() const {
    std::lock_guard lock{live_mutex_};
    return live_;
  }

  rocksdb_options options_;
  mutable std::mutex live_mutex_;
  std::uint64_t newest_; // number given to a replacement, committed or not
  std::uint64_t generation_;
  std::shared_ptr<database> live_;
  mutable std::mutex durable_mutex_;
  mutable log_index durable_{};
  mutable fs::path durable_of_; // the generation that the two others are of
  mutable std::uint64_t durable_at_ = 0;
};

class rocksdb_replacement : public replacement {
public:
  rocksdb_replacement(rocksdb_engine& owner, std::shared_ptr<database> fresh,
                      std::uint64_t generation)
      : owner_(owner), fresh_(std::move(fresh)), generation_(generation) {
    fresh_->discard = true; // unless committed
  }

  result<void> write(const write_batch& rows) override {
    auto status = write_to(*fresh_->db, rows, owner_.options().remembered, false);
    return status.ok() ? result<void>{} : failed("write to the store's replacement", status);
  }

  result<void> commit() override {
    auto status = flush_all(*fresh_);
    if (!status.ok())
      return failed("flush the store's replacement", status);
    fresh_->discard = false; // also if the next fails: it may be the live one by then
    return owner_.replace_by(fresh_, generation_);
  }

private:
  rocksdb_engine& owner_;
  std::shared_ptr<database> fresh_;
  std::uint64_t generation_;
};

result<std::unique_ptr<replacement>> rocksdb_engine::replace() {
  std::unique_lock lock{live_mutex_};
  auto generation = ++newest_;
  lock.unlock();
  auto directory = generation_path(options_.directory, generation);
  OR_RETURN(auto fresh, open_database(options_, directory, true));
  return std::unique_ptr<replacement>{
    std::make_unique<rocksdb_replacement>(*this, std::move(fresh), generation)};
}

} // namespace

result<std::unique_ptr<engine>> open_rocksdb(const rocksdb_options& options) {
  fs::path root{options.directory};
  std::error_code why;
  fs::create_directories(root, why);
  if (why)
    return system_failure("make " + root.string(), why.value());
  OR_RETURN(auto generation, read_generation(root));
  auto fresh = generation == 0;
  if (fresh)
    generation = 1;
  auto directory = generation_path(root, generation);
  remove_others(root, directory);
  OR_RETURN(auto live, open_database(options, directory, fresh));
  if (fresh)
    CHECK_RETURN(set_generation(root, generation));
  return std::unique_ptr<engine>{
    std::make_unique<rocksdb_engine>(options, generation, std::move(live))};
}

} // namespace troupe::store
