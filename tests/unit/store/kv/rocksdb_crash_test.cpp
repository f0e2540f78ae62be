// Kills a process that writes to the RocksDB engine, and looks at what is left.
#include "config/base/random.hpp"
#include "store/kv/rocksdb_engine.hpp"
#include "tests/unit/store/kv/child.hpp"
#include "tests/unit/store/kv/temporary.hpp"
#include "tests/unit/store/kv/write.hpp"

#include <doctest/doctest.h>

#include <map>

namespace troupe::store {
namespace {

using model = std::map<std::string, std::string>;

/// What log entry `index` does, in every process the same.
write_batch entry(std::uint64_t index) {
  random_source chance{index};
  write_batch out;
  for (int n = 0; n < 4; ++n) {
    auto key = "k" + std::to_string(chance.below(500));
    if (chance.chance(1, 4))
      out.erase(key);
    else
      out.put(key, std::string(300, 'x') + std::to_string(index));
  }
  out.applied(log_index{index});
  return out;
}

model fold(std::uint64_t applied) {
  model out;
  for (std::uint64_t i = 1; i <= applied; ++i) {
    auto batch = entry(i);
    for (std::size_t k = 0; k < batch.size(); ++k)
      if (batch[k].what == write_batch::kind::put)
        out[std::string{batch[k].key}] = batch[k].value;
      else
        out.erase(std::string{batch[k].key});
  }
  return out;
}

result<std::unique_ptr<engine>> open(const std::string& directory) {
  return open_rocksdb({.directory = directory, .write_buffer_bytes = 128U << 10U});
}

TEST_CASE("child" * doctest::skip()) {
  if (child_directory().empty())
    return;
  random_source chance{child_seed()};
  auto rows = open(child_directory());
  REQUIRE(rows);
  auto index = raw((*rows)->durable_applied());
  auto last = index + 200 + chance.below(2000);
  while (index++ < last) {
    write(**rows, entry(index));
    if (chance.chance(1, 400)) {
      REQUIRE((*rows)->flush());
      child_says(index); // is durable
    }
  }
  child_dies();
}

TEST_CASE("rocksdb engine: after kill -9 the state is the log's fold up to the durable index") {
  temporary_directory where;
  std::uint64_t flushed = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    flushed = std::max(flushed, run_child("child", where.path(), seed));
    auto rows = open(where.path());
    REQUIRE(rows);
    auto applied = raw((*rows)->durable_applied());
    REQUIRE(applied >= flushed);
    flushed = applied;
    model found;
    auto reader = (*rows)->read();
    auto cursor = reader->walk({}, {});
    for (; cursor->valid(); cursor->next())
      found.emplace(cursor->key(), cursor->value());
    REQUIRE(cursor->status());
    REQUIRE(found == fold(applied));
  }
  CHECK(flushed > 0);
}

} // namespace
} // namespace troupe::store
