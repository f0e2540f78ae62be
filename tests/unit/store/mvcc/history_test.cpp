#include "store/kv/memory_engine.hpp"
#include "store/kv/rocksdb_engine.hpp"
#include "store/mvcc/history.hpp"
#include "tests/unit/store/kv/temporary.hpp"
#include "tests/unit/store/mvcc/world.hpp"

#include <doctest/doctest.h>

namespace troupe::store {
namespace {

void check_list(const history& past, const true_history& truth, revision at,
                random_source& chance) {
  auto key = draw_key(chance);
  range r{.prefix = key.substr(0, chance.below(key.size() + 1)),
          .from = chance.chance(1, 3) ? draw_key(chance) : "",
          .limit = chance.below(6)};
  auto page = past.list(r, at);
  REQUIRE(page);
  std::vector<record_ptr> expected;
  for (auto& [name, each] : truth.at(at))
    if (name.starts_with(r.prefix) && name >= r.from)
      expected.push_back(each);
  REQUIRE(page->more == (r.limit != 0 && expected.size() > r.limit));
  if (page->more)
    expected.resize(r.limit);
  REQUIRE(page->records.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i)
    REQUIRE(same(page->records[i], expected[i]));
  auto found = past.get(key, at);
  REQUIRE(found);
  auto there = truth.at(at).find(key);
  REQUIRE(same(*found, there == truth.at(at).end() ? nullptr : there->second));
}

/// Follows the changes from `after` on in pieces of random sizes.
void check_since(const history& past, const true_history& truth, revision after,
                 random_source& chance) {
  auto key = draw_key(chance);
  auto prefix = key.substr(0, chance.below(key.size() + 1));
  std::vector<change_ptr> found;
  for (auto position = after; position < past.last();) {
    auto piece = past.since(position, prefix, 1 + chance.below(20));
    REQUIRE(piece);
    REQUIRE(piece->upto > position);
    found.insert(found.end(), piece->changes.begin(), piece->changes.end());
    position = piece->upto;
  }
  std::size_t next = 0;
  for (auto& each : truth.changes) {
    if (each->at <= after || each->at > past.last() || !each->key().starts_with(prefix))
      continue;
    REQUIRE(next < found.size());
    auto& got = *found[next++];
    REQUIRE(got.at == each->at);
    REQUIRE(got.cause == each->cause);
    REQUIRE(got.last == each->last);
    REQUIRE(same(got.now, each->now));
    REQUIRE(same(got.before, each->before));
  }
  REQUIRE(next == found.size());
}

void check_history(const history& past, const true_history& truth, random_source& chance) {
  for (int i = 0; i < 6; ++i) {
    auto at = past.compacted() + chance.below(past.last() - past.compacted() + 1);
    check_list(past, truth, at, chance);
    check_since(past, truth, at, chance);
  }
  check_list(past, truth, past.compacted(), chance);
  check_list(past, truth, past.last(), chance);
  if (past.compacted() > revision{0}) {
    auto below = past.compacted() - 1;
    REQUIRE(past.list({}, below).error().reason == reason::expired);
    REQUIRE(past.get("x", below).error().reason == reason::expired);
    REQUIRE(past.since(below, "", 1).error().reason == reason::expired);
  }
  REQUIRE(past.list({}, past.last() + 1).error().reason == reason::timeout);
}

void run(std::uint64_t seed, const std::shared_ptr<engine>& rows, bool jumps, int rounds) {
  true_history truth{seed};
  truth.jumps = jumps;
  random_source chance{seed + 100};
  auto replica = replica_state::open(rows, {});
  REQUIRE(replica);
  std::vector<history> held;
  for (int round = 0; round < rounds; ++round) {
    truth.grow(chance.below(60));
    while (raw(replica->facts().applied) < truth.log.size())
      truth.feed(*replica, 1 + chance.below(20));
    if (chance.chance(1, 2))
      REQUIRE(replica->sweep(1 + chance.below(60)));
    if (chance.chance(1, 5))
      REQUIRE(rows->flush());
    check_history(replica->past(), truth, chance);
    if (chance.chance(1, 6))
      held.push_back(replica->past());
  }
  for (auto& each : held) // what was taken before later compactions still reads as it did
    check_history(each, truth, chance);
}

TEST_CASE("history: any kept revision reads as it was, on the memory engine") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    run(seed, std::make_shared<memory_engine>(), seed % 2 == 0, 30);
  }
}

TEST_CASE("history: any kept revision reads as it was, on RocksDB") {
  for (std::uint64_t seed = 50; seed <= 52; ++seed) {
    CAPTURE(seed);
    temporary_directory where;
    auto rows = open_rocksdb({.directory = where.path(), .write_buffer_bytes = 64U << 10U});
    REQUIRE(rows);
    run(seed, std::move(*rows), true, 30);
  }
}

TEST_CASE("history: a list continued at its revision is the list of that moment") {
  auto replica = replica_state::open(std::make_shared<memory_engine>(), {});
  true_history truth{8};
  truth.jumps = false;
  truth.compacts = false;
  truth.grow(400);
  while (raw(replica->facts().applied) < truth.log.size())
    truth.feed(*replica, 50);
  auto at = replica->facts().last;
  range r{.prefix = "/pods/", .from = {}, .limit = 3};
  records listed;
  for (bool more = true; more;) {
    auto page = replica->past().list(r, at);
    REQUIRE(page);
    for (auto& each : page->records)
      REQUIRE(listed.emplace(each->key, each).second);
    more = page->more;
    if (more)
      r.from = page->records.back()->key + '\0';
    truth.grow(10);
    while (raw(replica->facts().applied) < truth.log.size())
      truth.feed(*replica, 50);
  }
  records expected;
  for (auto& [key, each] : truth.at(at))
    if (key.starts_with("/pods/"))
      expected.emplace(key, each);
  CHECK(same(listed, expected));
}

TEST_CASE("history: keys with zero bytes and beginnings in common keep their order") {
  auto rows = std::make_shared<memory_engine>();
  auto replica = replica_state::open(rows, {});
  const std::string keys[] = {std::string{"a"},
                              std::string{"a\0", 2},
                              std::string{"a\0\xff", 3},
                              std::string{"a\0b", 3},
                              std::string{"a\1", 2},
                              "ab",
                              "a\xff",
                              "b",
                              "\xff\xff"};
  transaction what;
  for (auto& key : keys)
    what.then.push_back({.what = operation::kind::put, .key = key, .value = "x"});
  auto command = encode(what);
  REQUIRE(replica->apply(std::vector<committed_entry>{{log_index{1}, term_id{1}, command}}));
  auto at = replica->facts().last;
  for (auto& prefix : keys) {
    std::vector<std::string> expected;
    replica->current()->scan({.prefix = prefix, .from = {}, .limit = 0}, [&](const record_ptr& r) {
      expected.push_back(r->key);
      return true;
    });
    auto page = replica->past().list({.prefix = prefix, .from = {}, .limit = 0}, at);
    REQUIRE(page);
    REQUIRE(page->records.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i)
      CHECK(page->records[i]->key == expected[i]);
    REQUIRE(*replica->past().get(prefix, at));
  }
  REQUIRE(replica_state::open(rows, {}));
}

TEST_CASE("compaction: a sweep goes in bounded steps and leaves one version of each key") {
  auto rows = std::make_shared<memory_engine>();
  auto replica = replica_state::open(rows, {});
  log_index next{1};
  auto run_one = [&](const command& what) {
    auto bytes = encode(what);
    REQUIRE(replica->apply(std::vector<committed_entry>{{next, term_id{1}, bytes}}));
    ++next;
  };
  for (int i = 0; i < 100; ++i)
    run_one(transaction{.when = {},
                        .then = {{.what = operation::kind::put,
                                  .key = "k" + std::to_string(i % 5),
                                  .value = std::to_string(i)}}});
  run_one(
    transaction{.when = {}, .then = {{.what = operation::kind::erase, .key = "k0", .value = {}}}});
  CHECK_FALSE(*replica->sweep(10));
  auto before = rows->size();
  run_one(compact_history{replica->facts().last});
  int steps = 1;
  while (*replica->sweep(10))
    ++steps;
  CHECK(steps == 11);
  CHECK(before > 200);
  CHECK(rows->size() == 4 + 2); // four keys, the facts, the sweep's mark
  CHECK(all(*replica->current()).size() == 4);
  CHECK(replica->past().list({}, replica->facts().last)->records.size() == 4);
}

} // namespace
} // namespace troupe::store
