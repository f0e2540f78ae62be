#include "config/base/random.hpp"
#include "store/kv/memory_engine.hpp"
#include "store/kv/rocksdb_engine.hpp"
#include "tests/unit/store/kv/temporary.hpp"
#include "tests/unit/store/kv/write.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <functional>
#include <map>

namespace troupe::store {
namespace {

using model = std::map<std::string, std::string>;

model all(const row_reader& rows, std::string_view from = {}, std::string_view to = {}) {
  model out;
  auto cursor = rows.walk(from, to);
  for (; cursor->valid(); cursor->next())
    out.emplace(cursor->key(), cursor->value());
  REQUIRE(cursor->status());
  return out;
}

void change(model& rows, const write_batch& batch) {
  for (std::size_t i = 0; i < batch.size(); ++i) {
    auto item = batch[i];
    if (item.what == write_batch::kind::put)
      rows[std::string{item.key}] = item.value;
    else if (item.what == write_batch::kind::erase)
      rows.erase(std::string{item.key});
    else
      rows.erase(rows.lower_bound(std::string{item.key}),
                 rows.lower_bound(std::string{item.value}));
  }
}

/// Keys of these kinds; ranges of the first kind's only.
write_batch random_batch(random_source& chance, std::uint64_t index,
                         const std::string& kinds = "k") {
  write_batch out;
  for (auto n = chance.below(8); n > 0; --n) {
    auto kind = kinds.size() == 1 ? kinds[0] : kinds[chance.below(kinds.size())];
    auto key = kind + std::to_string(chance.below(300));
    auto what = chance.below(20);
    if (what == 0 && kind == kinds[0])
      out.erase_range(key, key + "5");
    else if (what < 6)
      out.erase(key);
    else
      out.put(key, std::string(chance.below(200), 'a') + std::to_string(index));
  }
  out.applied(log_index{index});
  return out;
}

void behaves_as_a_map(engine& rows, const std::string& kinds = "k") {
  random_source chance{42};
  model expected;
  std::vector<std::pair<row_reader_ptr, model>> readers;
  for (std::uint64_t i = 1; i <= 1500; ++i) {
    auto batch = random_batch(chance, i, kinds);
    write(rows, batch);
    change(expected, batch);
    if (chance.chance(1, 100))
      readers.emplace_back(rows.read(), expected);
    if (chance.chance(1, 300))
      REQUIRE(rows.flush());
  }
  readers.emplace_back(rows.read(), expected);
  for (auto& [reader, then] : readers) {
    REQUIRE(all(*reader) == then);
    auto from = "k" + std::to_string(chance.below(300));
    auto to = from + "9";
    REQUIRE(all(*reader, from, to) == model(then.lower_bound(from), then.lower_bound(to)));
    auto found = reader->get(from);
    REQUIRE(found);
    REQUIRE(found->has_value() == then.contains(from));
    auto cursor = reader->walk({}, {});
    cursor->seek(from);
    auto at = then.lower_bound(from);
    REQUIRE(cursor->valid() == (at != then.end()));
    if (cursor->valid())
      REQUIRE(cursor->key() == at->first);
  }
  REQUIRE(rows.flush());
  CHECK(rows.durable_applied() == log_index{1500});
}

void is_replaced_as_a_whole(engine& rows) {
  write_batch old;
  old.put("old", "1");
  old.applied(log_index{5});
  REQUIRE(rows.write(old));
  auto before = rows.read();
  {
    auto given_up = rows.replace();
    REQUIRE(given_up);
    write_batch half;
    half.put("half", "x");
    REQUIRE((*given_up)->write(half));
    auto fresh = rows.replace();
    REQUIRE(fresh);
    write_batch whole;
    whole.put("new", "2");
    whole.applied(log_index{9});
    REQUIRE((*fresh)->write(whole));
    CHECK(all(*rows.read()) == model{{"old", "1"}});
    REQUIRE((*fresh)->commit());
  }
  CHECK(all(*rows.read()) == model{{"new", "2"}});
  CHECK(all(*before) == model{{"old", "1"}});
  CHECK(rows.durable_applied() == log_index{9});
  write_batch more;
  more.put("more", "3");
  REQUIRE(rows.write(more));
  CHECK(all(*rows.read()) == model{{"more", "3"}, {"new", "2"}});
}

std::unique_ptr<engine> rocksdb_in(const temporary_directory& where) {
  auto out = open_rocksdb({.directory = where.path(), .write_buffer_bytes = 64U << 10U});
  REQUIRE(out);
  return std::move(out).value();
}

TEST_CASE("memory engine: behaves as a map with snapshots") {
  memory_engine rows;
  behaves_as_a_map(rows);
}

TEST_CASE("rocksdb engine: behaves as a map with snapshots") {
  temporary_directory where;
  behaves_as_a_map(*rocksdb_in(where));
}

TEST_CASE("rocksdb engine: where kinds of keys were inserted last may be remembered") {
  temporary_directory where;
  auto rows =
    open_rocksdb({.directory = where.path(), .write_buffer_bytes = 64U << 10U, .remembered = "ax"});
  REQUIRE(rows);
  behaves_as_a_map(**rows, "kax");
  write_batch range;
  range.erase_range("a", "b");
  CHECK_THROWS_AS((void)(*rows)->write(range), broken_invariant);
}

TEST_CASE("memory engine: its contents are replaced as a whole") {
  memory_engine rows;
  is_replaced_as_a_whole(rows);
}

TEST_CASE("rocksdb engine: its contents are replaced as a whole, also over a restart") {
  temporary_directory where;
  is_replaced_as_a_whole(*rocksdb_in(where));
  auto again = rocksdb_in(where);
  CHECK(all(*again->read()) == model{{"more", "3"}, {"new", "2"}});
  std::size_t generations = 0;
  for (auto& each : std::filesystem::directory_iterator{where.path()})
    generations += each.is_directory() ? 1 : 0;
  CHECK(generations == 1);
}

TEST_CASE("rocksdb engine: a generation that is named but missing is damage, not an empty store") {
  temporary_directory where;
  { auto made = rocksdb_in(where); }
  for (auto& each : std::filesystem::directory_iterator{where.path()})
    if (each.is_directory())
      std::filesystem::remove_all(each.path());
  CHECK_FALSE(open_rocksdb({.directory = where.path()}));
}

TEST_CASE("memory engine: a crash loses what was not flushed, and nothing else") {
  random_source chance{9};
  memory_engine rows;
  model now;
  model durable;
  log_index durable_at{};
  for (std::uint64_t i = 1; i <= 2000; ++i) {
    auto batch = random_batch(chance, i);
    REQUIRE(rows.write(batch));
    change(now, batch);
    if (chance.chance(1, 20)) {
      chance.chance(1, 2) ? rows.flush_by_itself() : void(rows.flush().has_value());
      durable = now;
      durable_at = log_index{i};
    }
    if (chance.chance(1, 50)) {
      rows.crash();
      now = durable;
    }
    REQUIRE(rows.durable_applied() == durable_at);
  }
  CHECK(all(*rows.read()) == now);
}

TEST_CASE("rocksdb engine: on a full disk what is flushed waits, and nothing fails") {
  temporary_directory where;
  std::atomic<std::uint64_t> room{1U << 30U};
  rocksdb_options how{.directory = where.path(), .write_buffer_bytes = 64U << 10U};
  how.room = [&](const std::string&) { return room.load(); };
  model expected;
  {
    auto rows = open_rocksdb(how);
    REQUIRE(rows);
    room = 0;
    result<void> done;
    for (std::uint64_t i = 1; i <= 10'000 && done; ++i) {
      write_batch batch;
      batch.put("k" + std::to_string(i), std::string(1000, 'v'));
      batch.applied(log_index{i});
      if (done = (*rows)->write(batch); done)
        change(expected, batch);
    }
    REQUIRE_FALSE(done);
    CHECK(done.error().reason == reason::too_many_requests);
    CHECK(expected.size() > 64); // what fits in memory was taken
    CHECK(all(*(*rows)->read()) == expected);
    auto flushed = (*rows)->flush();
    REQUIRE_FALSE(flushed);
    INFO(flushed.error().message);
    CHECK(flushed.error().reason == reason::unavailable);
    CHECK((*rows)->durable_applied() == log_index{0});

    room = 1U << 30U;
    REQUIRE((*rows)->flush());
    CHECK((*rows)->durable_applied() == log_index{expected.size()});
    write_batch more;
    more.put("more", "v");
    write(**rows, more);
    change(expected, more);
    REQUIRE((*rows)->flush());
  }
  CHECK(all(*rocksdb_in(where)->read()) == expected);
}

TEST_CASE("memory engine: on a full disk nothing changes") {
  memory_engine rows;
  rows.fill_disk(true);
  write_batch batch;
  batch.put("k", "v");
  CHECK(rows.write(batch).error().reason == reason::unavailable);
  CHECK_FALSE(rows.flush());
  CHECK(rows.size() == 0);
  rows.fill_disk(false);
  CHECK(rows.write(batch));
  CHECK(rows.size() == 1);
}

TEST_CASE("write batch: a key of the engine's own is refused") {
  write_batch batch;
  CHECK_THROWS_AS(batch.put(std::string_view{"\0x", 2}, ""), broken_invariant);
  CHECK_THROWS_AS(batch.erase(""), broken_invariant);
}

} // namespace
} // namespace troupe::store
