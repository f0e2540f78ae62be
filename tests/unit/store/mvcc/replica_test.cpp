#include "store/kv/memory_engine.hpp"
#include "store/kv/rocksdb_engine.hpp"
#include "store/mvcc/replica.hpp"
#include "tests/unit/store/kv/child.hpp"
#include "tests/unit/store/kv/temporary.hpp"
#include "tests/unit/store/mvcc/world.hpp"

#include <doctest/doctest.h>

namespace troupe::store {
namespace {

std::string put(const std::string& key, const std::string& value) {
  return encode(
    transaction{.when = {}, .then = {{.what = operation::kind::put, .key = key, .value = value}}});
}

TEST_CASE("replica: an empty one is at revision 1, index 0") {
  auto replica = replica_state::open(std::make_shared<memory_engine>(), {});
  REQUIRE(replica);
  CHECK(replica->facts().applied == log_index{0});
  CHECK(replica->current()->at() == revision{1});
  CHECK(replica->current()->count("") == 0);
  CHECK(replica->past().last() == revision{1});
  CHECK_FALSE(replica->check());
}

TEST_CASE("replica: after a crash it is where the engine was, and the log brings it back") {
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    CAPTURE(seed);
    true_history truth{seed};
    random_source chance{seed + 100};
    auto rows = std::make_shared<memory_engine>();
    std::vector<std::pair<view_ptr, revision>> views;
    for (int life = 0; life < 8; ++life) {
      auto replica = replica_state::open(rows, {.check_every = 16});
      REQUIRE(replica);
      REQUIRE(replica->facts() == truth.facts[raw(rows->durable_applied())]);
      REQUIRE(same(all(*replica->current()), truth.at(replica->facts().last)));
      truth.grow(60);
      while (raw(replica->facts().applied) < truth.log.size()) {
        truth.feed(*replica, 1 + chance.below(20));
        if (chance.chance(1, 4))
          rows->flush_by_itself();
        if (chance.chance(1, 4))
          REQUIRE(replica->sweep(1 + chance.below(30)));
        if (chance.chance(1, 8))
          views.emplace_back(replica->current(), replica->facts().last);
      }
      REQUIRE(same(all(*replica->current()), truth.at(replica->facts().last)));
      rows->crash();
    }
    for (auto& [view, at] : views) {
      REQUIRE(view->at() == at);
      REQUIRE(same(all(*view), truth.at(at)));
    }
  }
}

TEST_CASE("replica: two agree at every check, whatever their batches, crashes and sweeps") {
  true_history truth{77};
  truth.grow(700);
  random_source chance{5};
  std::map<log_index, std::uint64_t> checks;
  int compared = 0;
  for (int who = 0; who < 4; ++who) {
    auto rows = std::make_shared<memory_engine>();
    auto replica = replica_state::open(rows, {.check_every = 32});
    while (raw(replica->facts().applied) < truth.log.size()) {
      truth.feed(*replica, who == 0 ? 1 : 1 + chance.below(60));
      if (auto check = replica->check()) {
        auto [at, fresh] = checks.emplace(check->at, check->hash);
        CHECK(at->second == check->hash);
        compared += fresh ? 0 : 1;
      }
      if (chance.chance(1, 10)) {
        REQUIRE(rows->flush());
        rows->crash();
        auto again = replica_state::open(rows, {.check_every = 32});
        REQUIRE(again);
        *replica = std::move(*again);
      }
    }
  }
  CHECK(compared > 20);
}

TEST_CASE("replica: on a full disk nothing is applied, and later all of it") {
  auto rows = std::make_shared<memory_engine>();
  auto replica = replica_state::open(rows, {});
  auto command = put("a", "1");
  std::vector<committed_entry> entries{{log_index{1}, term_id{1}, command}};
  rows->fill_disk(true);
  auto refused = replica->apply(entries);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().reason == reason::unavailable);
  CHECK(replica->facts().applied == log_index{0});
  CHECK(replica->current()->count("") == 0);
  rows->fill_disk(false);
  auto done = replica->apply(entries);
  REQUIRE(done);
  CHECK((*done)[0].result.first == revision{2});
  CHECK(replica->current()->get("a"));
}

TEST_CASE("replica: of a batch with a command that it cannot decode it applies nothing") {
  auto replica = replica_state::open(std::make_shared<memory_engine>(), {});
  auto good = put("a", "1");
  auto refused = replica->apply(std::vector<committed_entry>{{log_index{1}, term_id{1}, good},
                                                             {log_index{2}, term_id{1}, "\x7f"}});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().reason == reason::bad_request);
  CHECK(replica->facts().applied == log_index{0});
}

TEST_CASE("replica: a lost or changed row is noticed when the store is opened") {
  for (int damage = 0; damage < 3; ++damage) {
    CAPTURE(damage);
    auto rows = std::make_shared<memory_engine>();
    {
      auto replica = replica_state::open(rows, {});
      auto command = put("a", "1");
      REQUIRE(replica->apply(std::vector<committed_entry>{{log_index{1}, term_id{1}, command}}));
    }
    std::string row;
    std::string value;
    {
      auto reader = rows->read();
      auto cursor = reader->walk("v", "w");
      REQUIRE(cursor->valid());
      row = cursor->key();
      value = cursor->value();
    }
    write_batch hurt;
    if (damage == 0)
      hurt.erase(row);
    else if (damage == 1)
      hurt.put(row, value + "x");
    else
      hurt.put("f", "nonsense");
    REQUIRE(rows->write(hurt));
    CHECK_FALSE(replica_state::open(rows, {}));
  }
}

TEST_CASE("replica: the bug that applies twice after a restart makes it differ from the others") {
  for (bool bug : {false, true}) {
    auto rows = std::make_shared<memory_engine>();
    auto right = replica_state::open(std::make_shared<memory_engine>(), {.check_every = 1});
    auto first = put("a", "1");
    auto second = put("b", "2");
    std::vector<committed_entry> one{{log_index{1}, term_id{1}, first}};
    std::vector<committed_entry> two{{log_index{2}, term_id{1}, second}};
    replica_options options{.check_every = 1, .bugs = {.apply_twice_after_restart = bug}};
    REQUIRE(replica_state::open(rows, options)->apply(one));
    REQUIRE(right->apply(one));
    auto restarted = replica_state::open(rows, options);
    REQUIRE(restarted->apply(two));
    REQUIRE(right->apply(two));
    CHECK((restarted->check() == right->check()) == !bug);
  }
}

/// The same log in every process.
true_history& long_history() {
  static true_history truth{2024};
  if (truth.log.empty())
    truth.grow(3000);
  return truth;
}

result<std::unique_ptr<engine>> open_small(const std::string& directory) {
  return open_rocksdb({.directory = directory, .write_buffer_bytes = 64U << 10U});
}

TEST_CASE("replica child" * doctest::skip()) {
  if (child_directory().empty())
    return;
  random_source chance{child_seed()};
  std::shared_ptr<engine> rows = std::move(*open_small(child_directory()));
  auto replica = replica_state::open(rows, {});
  REQUIRE(replica);
  auto die_at = raw(replica->facts().applied) + 50 + chance.below(400);
  while (raw(replica->facts().applied) < die_at) {
    long_history().feed(*replica, 1 + chance.below(10));
    if (chance.chance(1, 6))
      REQUIRE(replica->sweep(1 + chance.below(20)));
    if (chance.chance(1, 20)) {
      REQUIRE(rows->flush());
      child_says(raw(replica->facts().applied));
    }
  }
  child_dies();
}

TEST_CASE("replica on RocksDB: after kill -9 its state is the fold of the log up to its index") {
  temporary_directory where;
  std::uint64_t flushed = 0;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    CAPTURE(seed);
    flushed = std::max(flushed, run_child("replica child", where.path(), seed));
    std::shared_ptr<engine> rows = std::move(*open_small(where.path()));
    auto replica = replica_state::open(rows, {});
    REQUIRE(replica);
    auto& facts = replica->facts();
    REQUIRE(facts == long_history().facts[raw(facts.applied)]);
    REQUIRE(rows->durable_applied() == facts.applied);
    REQUIRE(raw(facts.applied) >= flushed);
    REQUIRE(same(all(*replica->current()), long_history().at(facts.last)));
    flushed = raw(facts.applied);
  }
  CHECK(flushed > 0);
}

} // namespace
} // namespace troupe::store
