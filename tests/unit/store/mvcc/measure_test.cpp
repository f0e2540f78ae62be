// Figures, not checks: run with --no-skip --test-case="measure*" on a release build.
#include "config/base/random.hpp"
#include "store/kv/memory_engine.hpp"
#include "store/kv/rocksdb_engine.hpp"
#include "store/mvcc/replica.hpp"
#include "tests/unit/store/kv/temporary.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <malloc.h>
#include <time.h>

namespace troupe::store {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string key_of(std::uint64_t n) {
  auto name = std::to_string(n);
  return "/core/pods/default/web-" + std::string(12 - name.size(), '0') + name;
}

std::string put_of(std::uint64_t n, std::size_t bytes, std::uint64_t salt = 0) {
  transaction out;
  random_source chance{n * 31 + salt};
  std::string value(bytes, '\0');
  for (auto& c : value) // compresses about as JSON does
    c = static_cast<char>('a' + chance.below(4));
  out.then.push_back({.key = key_of(n), .value = std::move(value)});
  return encode(out);
}

std::uint64_t resident_bytes() {
  std::ifstream file{"/proc/self/statm"};
  std::uint64_t pages = 0;
  file >> pages >> pages;
  return pages * 4096;
}

/// The calling thread's own, so that a busy machine counts less.
double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

struct rate {
  double wall;
  double cpu;
};

/// Applies the commands in batches; returns commands per second, and per second of the thread's CPU
/// time.
rate apply_all(replica_state& replica, const std::vector<std::string>& commands,
               std::size_t batch) {
  auto start = std::chrono::steady_clock::now();
  auto cpu = cpu_seconds();
  for (std::size_t i = 0; i < commands.size(); i += batch) {
    std::vector<committed_entry> entries;
    for (auto k = i; k < std::min(i + batch, commands.size()); ++k)
      entries.push_back({replica.facts().applied + entries.size() + 1, term_id{1}, commands[k]});
    REQUIRE(replica.apply(entries));
  }
  auto count = static_cast<double>(commands.size());
  return {count / seconds_since(start), count / (cpu_seconds() - cpu)};
}

std::vector<std::string> puts(std::uint64_t count, std::size_t bytes, std::uint64_t keys) {
  random_source chance{1};
  std::vector<std::string> out;
  for (std::uint64_t i = 0; i < count; ++i)
    out.push_back(put_of(keys == 0 ? i : chance.below(keys), bytes, i));
  return out;
}

void report(const char* what, double number, const char* unit) {
  std::printf("%-60s %12.1f %s\n", what, number, unit);
  std::fflush(stdout);
}

TEST_CASE("measure: apply 512-byte values in batches of 100" * doctest::skip()) {
  auto commands = puts(300000, 512, 10000);
  {
    auto replica = replica_state::open(std::make_shared<memory_engine>(), {});
    auto found = apply_all(*replica, commands, 100);
    report("apply, memory engine", found.wall, "/s");
  }
  for (std::size_t batch : {1, 10, 100, 1000}) {
    temporary_directory where;
    auto rows = open_rocksdb({.directory = where.path()});
    REQUIRE(rows);
    auto replica = replica_state::open(std::move(*rows), {});
    auto what = "apply, rocksdb, batches of " + std::to_string(batch);
    auto found = apply_all(*replica, commands, batch);
    report(what.c_str(), found.wall, "/s");
    report((what + ", per CPU second").c_str(), found.cpu, "/s");
  }
}

TEST_CASE("measure: machine alone" * doctest::skip()) {
  auto commands = puts(300000, 512, 10000);
  machine_state state;
  auto start = std::chrono::steady_clock::now();
  machine_state published;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    REQUIRE(apply(state, {log_index{i + 1}, term_id{1}, commands[i]}));
    if (i % 100 == 0)
      published = state;
  }
  report("machine and index alone, published every 100",
         static_cast<double>(commands.size()) / seconds_since(start), "/s");
}

TEST_CASE("measure: restart with 100k keys" * doctest::skip()) {
  for (std::size_t bytes : {1024, 4096}) {
    temporary_directory where;
    {
      auto rows = open_rocksdb({.directory = where.path()});
      auto replica = replica_state::open(std::move(*rows), {});
      apply_all(*replica, puts(100000, bytes, 0), 100);
      apply_all(*replica, puts(100000, bytes, 50000), 100); // some older versions in the way
    }
    auto start = std::chrono::steady_clock::now();
    std::shared_ptr<engine> rows = std::move(*open_rocksdb({.directory = where.path()}));
    auto opened = seconds_since(start);
    auto replica = replica_state::open(rows, {});
    REQUIRE(replica);
    auto what = "open 100k keys of " + std::to_string(bytes) + " bytes (engine "
                + std::to_string(opened * 1000) + " ms)";
    report(what.c_str(), seconds_since(start) * 1000, "ms");
    CHECK(replica->current()->count("") == 100000);
  }
}

TEST_CASE("measure: memory of 100k keys" * doctest::skip()) {
  for (std::size_t bytes : {1024, 4096}) {
    malloc_trim(0);
    auto before = resident_bytes();
    machine_state state;
    std::uint64_t stored = 0;
    for (std::uint64_t i = 0; i < 100000; ++i) {
      auto command = put_of(i, bytes);
      REQUIRE(apply(state, {log_index{i + 1}, term_id{1}, command}));
      stored += bytes + key_of(i).size();
    }
    malloc_trim(0);
    auto used = resident_bytes() - before;
    auto what = "memory of 100k keys of " + std::to_string(bytes) + " bytes beyond the bytes";
    report(what.c_str(), (static_cast<double>(used) / static_cast<double>(stored) - 1) * 100, "%");
  }
}

TEST_CASE("measure: resident size of a replica with 100k keys of 4 KB" * doctest::skip()) {
  temporary_directory where;
  malloc_trim(0);
  auto before = resident_bytes();
  auto rows = open_rocksdb({.directory = where.path()});
  auto replica = replica_state::open(std::move(*rows), {});
  for (std::uint64_t i = 0; i < 100000; ++i) {
    auto command = put_of(i, 4096);
    REQUIRE(replica->apply(
      std::vector<committed_entry>{{replica->facts().applied + 1, term_id{1}, command}}));
  }
  report("resident with RocksDB, written one by one",
         static_cast<double>(resident_bytes() - before) / 1e6, "MB");
}

TEST_CASE("measure: index" * doctest::skip()) {
  machine_state state;
  for (std::uint64_t i = 0; i < 100000; ++i)
    REQUIRE(apply(state, {log_index{i + 1}, term_id{1}, put_of(i, 16)}));
  random_source chance{3};
  auto start = std::chrono::steady_clock::now();
  std::uint64_t found = 0;
  for (int i = 0; i < 300000; ++i)
    found += state.records.find(key_of(chance.below(100000))) ? 1 : 0;
  report("find among 100k", 300000 / seconds_since(start), "/s");
  start = std::chrono::steady_clock::now();
  for (int i = 0; i < 300000; ++i)
    found += state.records.count("/core/pods/default/web-0000000" + std::to_string(i % 10));
  report("count among 100k", 300000 / seconds_since(start), "/s");
  start = std::chrono::steady_clock::now();
  state.records.scan({}, [&](const record_ptr& r) { return found += r->value->size(), true; });
  report("scan of 100k", seconds_since(start) * 1000, "ms");
}

TEST_CASE("measure: snapshot of 100k keys of 4 KB" * doctest::skip()) {
  temporary_directory where;
  temporary_directory other;
  auto replica = replica_state::open(std::move(*open_rocksdb({.directory = where.path()})), {});
  apply_all(*replica, puts(100000, 4096, 0), 100);
  auto to = replica_state::open(std::move(*open_rocksdb({.directory = other.path()})), {});
  auto start = std::chrono::steady_clock::now();
  auto source = replica->take_snapshot();
  auto sink = to->start_restore();
  std::uint64_t bytes = 0;
  for (;;) {
    auto frame = source.next();
    REQUIRE(frame);
    if (!*frame)
      break;
    bytes += (*frame)->size();
    REQUIRE(sink->feed(**frame));
  }
  report("snapshot stream", static_cast<double>(bytes) / 1e6 / seconds_since(start), "MB/s");
  start = std::chrono::steady_clock::now();
  REQUIRE(to->finish_restore(std::move(*sink)));
  report("finish restore", seconds_since(start) * 1000, "ms");
  CHECK(to->facts() == replica->facts());
}

} // namespace
} // namespace troupe::store
