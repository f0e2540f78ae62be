#include "store/kv/memory_engine.hpp"
#include "store/kv/rocksdb_engine.hpp"
#include "store/mvcc/snapshot.hpp"
#include "tests/unit/store/kv/child.hpp"
#include "tests/unit/store/kv/temporary.hpp"
#include "tests/unit/store/mvcc/world.hpp"

#include <doctest/doctest.h>

namespace troupe::store {
namespace {

std::vector<std::string> frames(const replica_state& from, std::size_t frame_bytes = 500) {
  auto source = from.take_snapshot(frame_bytes);
  std::vector<std::string> out;
  for (;;) {
    auto frame = source.next();
    REQUIRE(frame);
    if (!*frame)
      return out;
    out.push_back(std::move(**frame));
  }
}

std::string joined(const std::vector<std::string>& frames) {
  std::string out;
  for (auto& each : frames)
    out += each;
  return out;
}

void feed_to(replica_state& replica, const true_history& truth) {
  while (raw(replica.facts().applied) < truth.log.size())
    truth.feed(replica, 20);
}

/// Takes a stream in; true when it was complete and good.
bool restores(replica_state& replica, std::string_view stream) {
  auto sink = replica.start_restore();
  REQUIRE(sink);
  return sink->feed(stream).has_value() && replica.finish_restore(std::move(*sink)).has_value();
}

void round_trip(const std::shared_ptr<engine>& from, const std::shared_ptr<engine>& to,
                std::uint64_t seed) {
  true_history truth{seed};
  truth.grow(300);
  random_source chance{seed};
  auto source = replica_state::open(from, {});
  feed_to(*source, truth);
  REQUIRE(source->sweep(40));
  auto stream = joined(frames(*source));
  auto target = replica_state::open(to, {});
  true_history other{seed + 1000}; // it had something else before
  other.grow(100);
  feed_to(*target, other);
  auto sink = target->start_restore();
  REQUIRE(sink);
  for (std::string_view rest{stream}; !rest.empty();) { // cut anywhere
    CHECK_FALSE(sink->complete());
    auto size = std::min<std::size_t>(1 + chance.below(700), rest.size());
    REQUIRE(sink->feed(rest.substr(0, size)));
    rest.remove_prefix(size);
  }
  CHECK(sink->complete());
  CHECK(target->facts() == other.state.facts); // until the end it is what it was
  REQUIRE(target->finish_restore(std::move(*sink)));
  CHECK(target->facts() == source->facts());
  CHECK(same(all(*target->current()), all(*source->current())));
  CHECK(to->durable_applied() == source->facts().applied);
  CHECK(joined(frames(*target)) == stream); // history and all
  truth.grow(100);
  feed_to(*target, truth);
  while (*target->sweep(10)) {
  }
  auto again = replica_state::open(to, {});
  REQUIRE(again);
  CHECK(again->facts() == truth.state.facts);
}

TEST_CASE("snapshot: a restored replica is the one that was saved, and goes on as it does") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed)
    round_trip(std::make_shared<memory_engine>(), std::make_shared<memory_engine>(), seed);
}

TEST_CASE("snapshot: from RocksDB into memory and back") {
  temporary_directory a;
  temporary_directory b;
  std::shared_ptr<engine> one = std::move(*open_rocksdb({.directory = a.path()}));
  round_trip(one, std::make_shared<memory_engine>(), 11);
  std::shared_ptr<engine> two = std::move(*open_rocksdb({.directory = b.path()}));
  round_trip(std::make_shared<memory_engine>(), two, 12);
}

TEST_CASE("snapshot: an empty store has one, too") {
  auto source = replica_state::open(std::make_shared<memory_engine>(), {});
  auto target = replica_state::open(std::make_shared<memory_engine>(), {});
  CHECK(restores(*target, joined(frames(*source))));
  CHECK(target->facts() == machine_facts{});
}

TEST_CASE("snapshot: it stays what it was taken of while the replica goes on") {
  true_history truth{31};
  truth.grow(200);
  auto replica = replica_state::open(std::make_shared<memory_engine>(), {});
  feed_to(*replica, truth);
  auto expected = joined(frames(*replica));
  auto source = replica->take_snapshot();
  truth.grow(200);
  feed_to(*replica, truth);
  while (*replica->sweep(10)) {
  }
  std::string stream;
  for (;;) {
    auto frame = source.next();
    REQUIRE(frame);
    if (!*frame)
      break;
    stream += **frame;
  }
  auto target = replica_state::open(std::make_shared<memory_engine>(), {});
  REQUIRE(restores(*target, stream));
  CHECK(target->facts() == truth.facts[200]);
  CHECK(joined(frames(*target)) == expected);
}

TEST_CASE(
  "snapshot: one that is cut, damaged, reordered or repeated is refused and changes nothing") {
  true_history truth{21};
  truth.grow(150);
  auto source = replica_state::open(std::make_shared<memory_engine>(), {});
  feed_to(*source, truth);
  auto parts = frames(*source);
  REQUIRE(parts.size() > 5);
  auto stream = joined(parts);
  auto target = replica_state::open(std::make_shared<memory_engine>(), {});
  true_history other{5};
  other.grow(30);
  feed_to(*target, other);
  random_source chance{9};
  for (int i = 0; i < 400; ++i) {
    auto hurt = stream;
    auto& c = hurt[chance.below(hurt.size())];
    c = static_cast<char>(c ^ (1 << chance.below(8)));
    REQUIRE_FALSE(restores(*target, hurt));
    REQUIRE_FALSE(
      restores(*target, std::string_view{stream}.substr(0, chance.below(stream.size()))));
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    auto without = parts;
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
    REQUIRE_FALSE(restores(*target, joined(without)));
    auto twice = parts;
    twice.insert(twice.begin() + static_cast<std::ptrdiff_t>(i), parts[i]);
    REQUIRE_FALSE(restores(*target, joined(twice)));
    if (i > 0) {
      auto swapped = parts;
      std::swap(swapped[i], swapped[i - 1]);
      REQUIRE_FALSE(restores(*target, joined(swapped)));
    }
  }
  CHECK(target->facts() == other.state.facts);
  CHECK(restores(*target, stream));
}

TEST_CASE("restore child" * doctest::skip()) {
  if (child_directory().empty())
    return;
  true_history truth{41};
  truth.grow(400);
  auto source = replica_state::open(std::make_shared<memory_engine>(), {});
  feed_to(*source, truth);
  auto parts = frames(*source);
  std::shared_ptr<engine> rows = std::move(*open_rocksdb({.directory = child_directory()}));
  auto replica = replica_state::open(rows, {});
  REQUIRE(replica);
  auto sink = replica->start_restore();
  auto die_at = child_seed() * parts.size() / 4; // the last one dies after the commit
  for (std::size_t i = 0; i < parts.size() && i < die_at; ++i)
    REQUIRE(sink->feed(parts[i]));
  if (die_at >= parts.size())
    REQUIRE(replica->finish_restore(std::move(*sink)));
  child_dies();
}

TEST_CASE("snapshot: a crash during a restore leaves the old state, after it the new one") {
  true_history truth{41};
  truth.grow(400);
  true_history old{42};
  old.grow(50);
  temporary_directory where;
  {
    auto replica = replica_state::open(std::move(*open_rocksdb({.directory = where.path()})), {});
    feed_to(*replica, old);
  }
  for (std::uint64_t quarter = 0; quarter <= 4; ++quarter) {
    run_child("restore child", where.path(), quarter);
    auto replica = replica_state::open(std::move(*open_rocksdb({.directory = where.path()})), {});
    REQUIRE(replica);
    CHECK(replica->facts() == (quarter < 4 ? old : truth).state.facts);
  }
}

} // namespace
} // namespace troupe::store
