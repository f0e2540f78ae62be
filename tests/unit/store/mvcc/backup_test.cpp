#include "store/kv/memory_engine.hpp"
#include "store/kv/rocksdb_engine.hpp"
#include "store/mvcc/backup.hpp"
#include "store/mvcc/replica.hpp"
#include "tests/unit/store/kv/temporary.hpp"
#include "tests/unit/store/mvcc/world.hpp"

#include <doctest/doctest.h>

namespace troupe::store {
namespace {

const backup_about about{.at = {}, .cluster = "c", .program = "v1", .taken = instant{duration{7}}};

replica_state replica_of(const true_history& truth, const std::shared_ptr<engine>& rows) {
  auto out = replica_state::open(rows, {});
  REQUIRE(out);
  while (raw(out->facts().applied) < truth.log.size())
    truth.feed(*out, 20);
  return std::move(*out);
}

std::string stream_of(const replica_state& from, std::size_t frame_bytes = 300) {
  backup_source source{from.past(), about, frame_bytes};
  std::string out;
  for (;;) {
    auto piece = source.next();
    REQUIRE(piece);
    if (!*piece)
      return out;
    out += **piece;
  }
}

/// A small one of some records.
std::string small_stream() {
  true_history truth{3};
  truth.grow(40);
  return stream_of(replica_of(truth, std::make_shared<memory_engine>()));
}

/// Why it is refused; empty: it is not.
std::string refusal(std::string_view stream) {
  backup_reader reader{[](const record_ptr&) { return result<void>{}; }};
  auto fed = reader.feed(stream);
  auto done = fed ? reader.finish() : fed;
  if (!done)
    CHECK(done.error().reason == reason::invalid);
  return done ? std::string{} : done.error().message;
}

void restores(const std::shared_ptr<engine>& to, std::uint64_t seed) {
  true_history truth{seed};
  truth.grow(300);
  auto from = replica_of(truth, std::make_shared<memory_engine>());
  REQUIRE(from.sweep(40));
  auto stream = stream_of(from);
  random_source chance{seed};
  auto into = backup_restore::start(*to);
  REQUIRE(into);
  for (std::string_view rest{stream}; !rest.empty();) { // cut anywhere
    auto piece = rest.substr(0, 1 + chance.below(700));
    REQUIRE(into->feed(piece));
    rest.remove_prefix(piece.size());
  }
  auto facts = into->finish(1000);
  REQUIRE(facts);
  CHECK(into->about().at == from.facts().last);
  CHECK(into->about().cluster == "c");
  auto got = replica_state::open(to, {});
  REQUIRE(got);
  CHECK(same(all(*got->current()), all(*from.current())));
  CHECK(got->facts() == *facts);
  CHECK(got->facts().applied == log_index{1});
  CHECK(got->facts().sum == from.facts().sum);
  CHECK(got->facts().last == from.facts().last + 1000);
  CHECK(to->durable_applied() == log_index{1});
  // The past of the old store is compacted, the future has greater revisions.
  CHECK(got->past().since(from.facts().last, "", 10).error().reason == reason::expired);
  CHECK(got->past().since(facts->last, "", 10));
  auto more = encode(transaction{.when = {}, .then = {{.key = "new", .value = "1"}}});
  committed_entry next{log_index{2}, term_id{2}, more};
  auto done = got->apply({&next, 1});
  REQUIRE(done);
  CHECK(done->front().result.first == facts->last + 1);
  auto swept = got->sweep(100);
  REQUIRE(swept);
  CHECK_FALSE(*swept);
}

} // namespace

TEST_CASE("backup: what is restored has the same records, and goes on with greater revisions") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed)
    restores(std::make_shared<memory_engine>(), seed);
}

TEST_CASE("backup: restores into RocksDB, durably") {
  temporary_directory dir;
  std::shared_ptr<engine> rows = std::move(*open_rocksdb({.directory = dir.path()}));
  restores(rows, 9);
  rows.reset();
  std::shared_ptr<engine> again = std::move(*open_rocksdb({.directory = dir.path()}));
  auto got = replica_state::open(again, {});
  REQUIRE(got);
  CHECK(got->facts().applied >= log_index{1});
  CHECK(got->current()->count("") > 10);
}

TEST_CASE("backup: every flipped byte is noticed") {
  auto good = small_stream();
  REQUIRE(refusal(good).empty());
  REQUIRE(good.size() > 500);
  for (std::size_t i = 0; i < good.size(); ++i)
    for (char flip : {'\x01', '\x80', '\xff'}) {
      auto bad = good;
      bad[i] = static_cast<char>(bad[i] ^ flip);
      INFO("byte " << i);
      CHECK_FALSE(refusal(bad).empty());
    }
}

TEST_CASE("backup: every cut is noticed, and whatever follows its end") {
  auto good = small_stream();
  for (std::size_t size = 0; size < good.size(); ++size) {
    INFO("bytes " << size);
    CHECK_FALSE(refusal(std::string_view{good}.substr(0, size)).empty());
  }
  CHECK(refusal(good + '\0').find("damaged") != std::string::npos);
  CHECK(refusal(good + good).find("damaged") != std::string::npos);
}

TEST_CASE("backup: refusals say what is wrong") {
  auto good = small_stream();
  CHECK(refusal("") == "read a snapshot: it is no snapshot of Troupe's");
  CHECK(refusal("apiVersion: v1") == "read a snapshot: it is no snapshot of Troupe's");
  CHECK(refusal(std::string_view{good}.substr(0, good.size() - 1))
        == "read a snapshot: it is cut off after " + std::to_string(good.size() - 1) + " bytes");
  auto newer = good;
  newer[16] = 9;
  CHECK(refusal(newer)
        == "read a snapshot: it is of format 9, and this program knows formats up to 1");
}

TEST_CASE("backup: a restore that is not finished changes nothing") {
  true_history truth{5};
  truth.grow(50);
  auto rows = std::make_shared<memory_engine>();
  auto before = replica_of(truth, rows).facts();
  auto stream = small_stream();
  {
    auto into = backup_restore::start(*rows);
    REQUIRE(into);
    REQUIRE(into->feed(std::string_view{stream}.substr(0, stream.size() - 1)));
    CHECK_FALSE(into->finish(1));
  }
  CHECK(replica_state::open(rows, {})->facts() == before);
}

TEST_CASE("backup: is of one revision, whatever is written meanwhile") {
  true_history truth{11};
  truth.jumps = false;
  truth.grow(100);
  auto replica = replica_of(truth, std::make_shared<memory_engine>());
  auto was = all(*replica.current());
  backup_source source{replica.past(), about, 100};
  std::size_t seen = 0;
  backup_reader reader{[&](const record_ptr& r) -> result<void> {
    auto it = was.find(r->key);
    REQUIRE(it != was.end());
    CHECK(same(it->second, r));
    ++seen;
    return {};
  }};
  for (bool more = true; more;) {
    auto piece = source.next();
    REQUIRE(piece);
    more = piece->has_value();
    if (more)
      REQUIRE(reader.feed(**piece));
    truth.grow(3);
    truth.feed(replica, 3);
    REQUIRE(replica.sweep(10));
  }
  CHECK(reader.finish());
  CHECK(seen == was.size());
}

} // namespace troupe::store
