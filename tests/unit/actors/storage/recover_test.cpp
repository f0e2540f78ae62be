#include "actors/storage/identity.hpp"
#include "actors/storage/recover.hpp"
#include "actors/storage/restore.hpp"
#include "peaceful.hpp"

#include <doctest/doctest.h>

using namespace troupe;
using namespace troupe::sim;

namespace {

constexpr std::uint64_t jump = 1000;

struct disaster : peaceful {
  using peaceful::peaceful;

  storage::store_options store_of(std::size_t at) {
    return {.directory = "store",
            .cluster = "sim",
            .member = c.members[at].name,
            .founders = {},
            .segment_bytes = c.with.segment_bytes};
  }
  storage::recover_options how(std::size_t at, std::uint64_t group) {
    return {.store = store_of(at),
            .address = address_of(c.members[at].name),
            .group = group,
            .jump = jump};
  }
  void all_down() {
    for (std::size_t i = 0; i < c.members.size(); ++i)
      c.crash(i, crash_kind::kill, 24h);
  }
  /// What it had before.
  storage::survivor recover(std::size_t at, std::uint64_t group = 77) {
    auto& m = c.members[at];
    auto opened = storage::open_store(store_of(at), m.disk, m.rows, {});
    REQUIRE(opened);
    auto before = storage::look_at(*opened, how(at, group));
    REQUIRE(storage::recover_alone(*opened, how(at, group)));
    REQUIRE(opened->log->close());
    return before;
  }
  std::vector<std::string> names(std::size_t through) {
    auto peer =
      caf::actor_cast<storage::peer_actor>(c.members[through].now->replica.slot().address());
    std::vector<std::string> out;
    if (auto all = c.world.ask<storage::members_listed>(peer, storage::list_members{}, 5s))
      for (const auto& m : all->members)
        out.push_back(m.name);
    return out;
  }
};

} // namespace

TEST_CASE("recover: a follower that is left has all it got, and goes on alone") {
  disaster p{3};
  REQUIRE(p.led());
  for (int i = 0; i < 60; ++i)
    REQUIRE(p.write(*p.leader(), "k" + std::to_string(i), "v"));
  p.world().advance(2s);
  auto left = p.follower();
  auto was = p.c.members[left].now->state->facts();
  p.all_down();
  auto before = p.recover(left);
  CHECK(before.voted);
  CHECK(before.others.size() == 2);
  CHECK(before.last.index >= was.applied);
  p.c.start(left);
  REQUIRE(p.led());
  CHECK(p.names(left) == std::vector<std::string>{p.c.members[left].name});
  for (int i = 0; i < 60; ++i)
    CHECK(p.read(left, "k" + std::to_string(i)) == "v");
  auto facts = p.c.members[left].now->state->facts();
  CHECK(facts.last >= was.last + (jump - 100)); // some entries were applied again only then
  CHECK(facts.compacted > was.last);
  auto w = p.write(left, "new", "1");
  REQUIRE(w);
  CHECK(w->what.first > facts.compacted);
  CHECK(p.seen.clean());
}

TEST_CASE("recover: others join with empty disks, and what was lost is not heard of again") {
  disaster p{3};
  REQUIRE(p.led());
  REQUIRE(p.write(*p.leader(), "a", "1"));
  p.world().advance(2s);
  auto left = p.follower();
  auto old = (left + 1) % 3;
  auto older = (left + 2) % 3;
  p.all_down();
  p.recover(left);
  p.c.start(left);
  REQUIRE(p.led());
  auto fresh = p.c.add();
  auto name = p.c.members[fresh].name;
  auto joined = p.world().ask<storage::join_answered>(
    caf::actor_cast<storage::peer_actor>(p.c.members[left].now->replica.slot().address()),
    storage::ask_to_join{storage::member_of(name), address_of(name)});
  REQUIRE(joined);
  CHECK(joined->accepted);
  p.world().advance(5s);
  CHECK(p.names(left).size() == 2);
  CHECK(p.read(fresh, "a") == "1");
  REQUIRE(p.write(fresh, "a", "2"));
  CHECK(p.state(fresh) == p.state(left));
  auto identity = storage::open_identity(*p.c.members[fresh].disk, "store");
  REQUIRE(identity);
  CHECK(identity->group == 77);
  // A majority of the old cluster comes back with its data, and one writes there.
  auto term = p.c.members[left].now->state->facts().term;
  p.c.start(old);
  p.c.start(older);
  p.world().advance(20s);
  CHECK(p.read(left, "a") == "2");
  REQUIRE(p.write(left, "a", "3"));
  CHECK(p.c.members[left].now->state->facts().term == term);
  CHECK(p.read(fresh, "a") == "3");
}

TEST_CASE("recover: what it never knew to be committed is kept") {
  disaster p{3};
  REQUIRE(p.led());
  p.world().advance(2s);
  auto left = *p.leader();
  for (std::size_t i = 1; i < 3; ++i)
    p.c.crash((left + i) % 3, crash_kind::kill, 24h);
  ask(p.world(), p.replica(left), peaceful::put("a", "1"), 30s,
      [](const result<storage::transacted>&) {});
  p.world().advance(100ms); // in its log, and nowhere else
  p.all_down();
  p.recover(left);
  p.c.start(left);
  REQUIRE(p.led());
  CHECK(p.read(left, "a") == "1");
}

TEST_CASE("recover: done twice it is alone all the same") {
  disaster p{3};
  REQUIRE(p.led());
  REQUIRE(p.write(*p.leader(), "a", "1"));
  p.world().advance(1s);
  auto left = p.follower();
  p.all_down();
  p.recover(left, 5);
  auto again = p.recover(left, 6);
  CHECK(again.others.empty());
  p.c.start(left);
  REQUIRE(p.led());
  CHECK(p.read(left, "a") == "1");
  CHECK(p.names(left).size() == 1);
}

TEST_CASE("restore: founders begin with the same store, and who joins is sent it") {
  disaster p{3};
  REQUIRE(p.led());
  for (int i = 0; i < 30; ++i)
    REQUIRE(p.write(*p.leader(), "k" + std::to_string(i), std::string(100, 'x')));
  p.world().advance(1s);
  auto from = p.follower();
  store::backup_source source{p.c.members[from].now->state->past(), {}, 500};
  auto files = std::make_shared<wal::memory_disk>();
  auto file = *files->create("snapshot", 0);
  for (std::uint64_t at = 0;;) {
    auto piece = source.next();
    REQUIRE(piece);
    if (!*piece)
      break;
    REQUIRE(file->write_at(at, **piece));
    at += (*piece)->size();
  }
  p.all_down();
  std::vector<std::string> founders;
  for (const auto& m : p.c.members)
    founders.push_back(address_of(m.name));
  revision last{};
  for (std::size_t i = 0; i < 3; ++i) {
    auto& m = p.c.members[i];
    m.disk = std::make_shared<wal::memory_disk>();
    m.rows = std::make_shared<store::memory_engine>();
    auto o = p.store_of(i);
    o.founders = founders;
    auto done = storage::restore_store({.store = o, .snapshot = {}, .group = 9, .jump = jump},
                                       m.disk, *m.rows, *file);
    REQUIRE(done);
    CHECK(done->records == 30);
    last = done->last;
  }
  for (std::size_t i = 0; i < 3; ++i)
    p.c.start(i);
  REQUIRE(p.led());
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(p.read(i, "k29") == std::string(100, 'x'));
  auto w = p.write(0, "new", "1");
  REQUIRE(w);
  CHECK(w->what.first == last + 1);
  p.world().advance(1s);
  CHECK(p.state(0) == p.state(1));
  CHECK(p.state(1) == p.state(2));
  auto fresh = p.c.add();
  auto name = p.c.members[fresh].name;
  REQUIRE(p.world().ask<storage::join_answered>(
    caf::actor_cast<storage::peer_actor>(p.c.members[0].now->replica.slot().address()),
    storage::ask_to_join{storage::member_of(name), address_of(name)}));
  p.world().advance(5s);
  CHECK(p.read(fresh, "k0") == std::string(100, 'x'));
  CHECK(p.state(fresh) == p.state(0));
}

TEST_CASE(
  "identity: a newer format and damage are refused in one line, an old store is the first") {
  auto disk = std::make_shared<wal::memory_disk>();
  auto fresh = storage::open_identity(*disk, "store");
  REQUIRE(fresh);
  CHECK(*fresh == storage::store_identity{});
  REQUIRE(storage::save_identity(*disk, "store", {.format = 1, .group = 0xabcULL}));
  random_source dice{1};
  disk->power_cut(dice);
  CHECK(storage::open_identity(*disk, "store")->group == 0xabc);
  REQUIRE(storage::save_identity(*disk, "store", {.format = 2, .group = 0}));
  auto newer = storage::open_identity(*disk, "store");
  REQUIRE(!newer);
  CHECK(newer.error().reason == reason::invalid);
  CHECK(newer.error().message
        == "open the store in store: it is of format 2, written by a newer troupe; this one knows "
           "formats up to 1");
  for (std::string bad : {"", "troupe store format 0\ngroup 0\n", "troupe store format 1\ngroup\n",
                          "troupe store format 1\ngroup 0\nmore\n", "troupe store format x\n"}) {
    disk->bytes("store/identity") = bad;
    auto damaged = storage::open_identity(*disk, "store");
    REQUIRE(!damaged);
    CHECK(damaged.error().message == "store/identity is damaged");
  }
}
