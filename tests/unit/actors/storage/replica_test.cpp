#include "actors/storage/installed_mark.hpp"
#include "peaceful.hpp"

#include <doctest/doctest.h>

using namespace troupe;
using namespace troupe::sim;

TEST_CASE("replica: a lone member leads at once and keeps what was written over a power cut") {
  peaceful p{1};
  REQUIRE(p.led());
  auto w = p.write(0, "a", "1");
  REQUIRE(w);
  CHECK(w->after->at() == w->what.last);
  CHECK(p.read(0, "a") == "1");
  p.c.crash(0, crash_kind::power, 1s);
  CHECK(p.world().run_until([&] { return p.c.up(0); }, 5s));
  REQUIRE(p.led());
  CHECK(p.read(0, "a") == "1");
  CHECK(p.seen.clean());
}

TEST_CASE("replica: what one master acknowledged is read through every other") {
  peaceful p{3};
  REQUIRE(p.led());
  for (std::size_t i = 0; i < 3; ++i) {
    REQUIRE(p.write(i, "a", std::to_string(i)));
    for (std::size_t j = 0; j < 3; ++j)
      CHECK(p.read(j, "a") == std::to_string(i));
  }
}

TEST_CASE("replica: a follower that lags too far is sent a snapshot") {
  peaceful p{3};
  REQUIRE(p.led());
  auto late = p.follower();
  p.c.crash(late, crash_kind::kill, 1h);
  for (int i = 0; i < 100; ++i)
    REQUIRE(p.write(*p.leader(), "k" + std::to_string(i % 7), std::to_string(i)));
  p.world().advance(3s); // flushes, and cuts the log
  auto leads = *p.leader();
  p.c.start(late);
  CHECK(p.world().run_until([&] { return p.applied(late) == p.applied(leads); }, 20s));
  CHECK(p.c.members[late].disk->open("store/in-0"));
  CHECK(p.state(late) == p.state(*p.leader()));
  CHECK(p.read(late, "k1") == "99");
}

TEST_CASE(
  "replica: dies between installing a snapshot and noting it in the log, and starts again") {
  peaceful p{3};
  REQUIRE(p.led());
  auto late = p.follower();
  p.c.crash(late, crash_kind::kill, 1h);
  for (int i = 0; i < 100; ++i)
    REQUIRE(p.write(*p.leader(), "k", std::to_string(i)));
  p.world().advance(3s);
  auto leads = *p.leader();
  p.c.start(late);
  auto& m = p.c.members[late];
  auto before = m.rows->durable_applied();
  REQUIRE(p.world().run_until([&] { return p.applied(late) == before; }, 1s));
  // The log's thread does nothing any more, the reader's replaces the state.
  REQUIRE(p.world().run_until(
    [&] {
      if (m.disk->open("store/in-0"))
        m.now->writer->stall(10s);
      return m.rows->durable_applied() > before;
    },
    20s));
  p.c.crash(late, crash_kind::power, 100ms);
  REQUIRE(p.world().run_until([&] { return p.c.up(late); }, 5s));
  CHECK(p.world().run_until([&] { return p.applied(late) == p.applied(leads); }, 20s));
  p.world().advance(2s); // it hears of the leader
  CHECK(p.read(late, "k") == "99");
  for (const auto& d : p.seen.deaths)
    MESSAGE(d);
  CHECK(p.seen.clean());
}

TEST_CASE("replica: waits for a revision end in time, whatever the time of day does") {
  peaceful p{1};
  REQUIRE(p.led());
  for (duration by : {-1h, 1h}) {
    std::optional<reason> why;
    ask(p.world(), p.replica(0),
        storage::get_view{.how = storage::get_view::freshness::not_older_than, .at = revision{999}},
        1min,
        [&](const result<storage::viewed>& v) { why = v ? reason::internal : v.error().reason; });
    p.world().advance(100ms);
    p.world().skew(p.c.members[0].now->process, by);
    p.world().advance(2s);
    CHECK(!why);
    p.world().advance(2s);
    CHECK(why == reason::timeout);
  }
}

TEST_CASE("replica: a write under way when the replica ends has no known outcome") {
  peaceful p{3};
  for (bool at_leader : {true, false}) {
    REQUIRE(p.led());
    p.world().advance(2s); // all hear of it
    auto leader = *p.leader();
    auto through = at_leader ? leader : p.follower();
    std::optional<result<storage::transacted>> answer;
    p.c.members[leader].now->writer->stall(100ms);
    p.c.members[p.follower()].now->writer->stall(100ms);
    ask(p.world(), p.replica(through), peaceful::put("a", "1"), 30s,
        [&](const result<storage::transacted>& r) { answer = r; });
    p.world().advance(5ms);
    INFO("at the leader: " << at_leader);
    REQUIRE(!answer);
    REQUIRE(p.c.members[through].now->process->kill("replica"));
    REQUIRE(p.world().run_until([&] { return answer.has_value(); }, 1s));
    REQUIRE(!*answer);
    CHECK(answer->error().reason == reason::timeout);
    REQUIRE(p.world().run_until([&] { return !p.c.up(through); }, 1s));
    REQUIRE(p.world().run_until([&] { return p.c.up(through); }, 10s));
  }
}

TEST_CASE("replica: history is kept for its time though the time of day jumps") {
  auto o = peaceful::calm(1);
  o.compact_after = 10s;
  report found;
  cluster c{o, found};
  c.world.advance(5s); // the probe writes
  c.world.skew(c.members[0].now->process, 1h);
  c.world.advance(3s);
  CHECK(c.members[0].now->state->past().compacted() == revision{});
  c.world.advance(15s);
  CHECK(c.members[0].now->state->past().compacted() > revision{});
}

TEST_CASE("replica: a fourth master asks to join, catches up and becomes a voter") {
  peaceful p{3};
  REQUIRE(p.led());
  for (int i = 0; i < 50; ++i)
    REQUIRE(p.write(*p.leader(), "k", std::to_string(i)));
  p.world().advance(3s); // the log's beginning is cut: it needs a snapshot
  auto asked = p.c.members[p.follower()].now->replica.slot().address();
  auto fresh = p.c.add();
  auto name = p.c.members[fresh].name;
  auto joined = p.world().ask<storage::join_answered>(
    caf::actor_cast<storage::peer_actor>(asked),
    storage::ask_to_join{storage::member_of(name), address_of(name)});
  INFO((joined ? std::string{} : joined.error().message));
  INFO((p.seen.deaths.empty() ? std::string{} : p.seen.deaths.front()));
  REQUIRE(joined);
  CHECK(joined->accepted);
  p.world().advance(5s);
  REQUIRE(p.led());
  CHECK(p.applied(fresh) == p.applied(*p.leader()));
  CHECK(p.state(fresh) == p.state(*p.leader()));
  CHECK(p.read(fresh, "k") == "49");
  // Four voters need three: with two left nothing can be written.
  auto a = (*p.leader() + 1) % 3;
  auto b = (*p.leader() + 2) % 3;
  p.c.crash(a, crash_kind::kill, 1h);
  REQUIRE(p.write(fresh, "k", "50"));
  p.c.crash(b, crash_kind::kill, 1h);
  CHECK(!p.write(fresh, "k", "51"));
  CHECK(p.seen.clean());
}

TEST_CASE("installed mark: what was saved is loaded, damage is told") {
  auto disk = std::make_shared<wal::memory_disk>();
  auto none = storage::load_mark(*disk, "store");
  REQUIRE(none);
  CHECK(!*none);
  raft::snapshot_mark mark;
  mark.at = {.term = term_id{3}, .index = log_index{7}};
  mark.members.members = {
    {.id = member_id{5}, .role = raft::member_role::voter, .address = "a=b:1"}};
  for (int i = 0; i < 2; ++i) {
    mark.at.index = mark.at.index + 1;
    REQUIRE(storage::save_mark(*disk, "store", mark));
    random_source dice{1};
    disk->power_cut(dice);
    auto again = storage::load_mark(*disk, "store");
    REQUIRE(again);
    CHECK(*again == mark);
  }
  disk->bytes("store/installed").back() ^= 1;
  CHECK(!storage::load_mark(*disk, "store"));
}
