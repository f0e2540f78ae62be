#include "peaceful.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace troupe;
using namespace troupe::sim;

namespace {

struct group : peaceful {
  using peaceful::peaceful;

  storage::peer_actor peer(std::size_t at) {
    return caf::actor_cast<storage::peer_actor>(c.members[at].now->replica.slot().address());
  }
  result<storage::member_removed> remove(std::size_t through, const std::string& name) {
    return c.world.ask<storage::member_removed>(peer(through), storage::remove_member{name, false},
                                                20s);
  }
  /// Who leads, once all have heard of it.
  std::size_t settled() {
    REQUIRE(led());
    c.world.advance(2s);
    return *leader();
  }
  result<storage::members_listed> list(std::size_t through) {
    return c.world.ask<storage::members_listed>(peer(through), storage::list_members{}, 5s);
  }
  std::vector<std::string> names(std::size_t through) {
    std::vector<std::string> out;
    if (auto all = list(through))
      for (const auto& m : all->members)
        out.push_back(m.name);
    return out;
  }
  /// Its replica ended because it was removed, and its process with it; it stays down.
  bool ended(std::size_t at) {
    auto said = [&] {
      return std::any_of(seen.deaths.begin(), seen.deaths.end(), [&](const std::string& d) {
        return d.starts_with(c.members[at].name) && d.find("was removed") != std::string::npos;
      });
    };
    if (!c.world.run_until(said, 10s))
      return false;
    c.world.run_until([&] { return !c.up(at); }, 1s);
    return true;
  }
  std::size_t other(std::size_t than, std::size_t by) { return (than + by) % c.members.size(); }
};

using strings = std::vector<std::string>;

} // namespace

TEST_CASE("members: any replica lists them, with who leads and what is stored where") {
  group p{3};
  REQUIRE(p.led());
  REQUIRE(p.write(0, "a", "1"));
  p.world().advance(2s);
  auto leads = *p.leader();
  for (std::size_t i = 0; i < 3; ++i) {
    auto all = p.list(i);
    REQUIRE(all);
    CHECK(all->leader == p.c.members[leads].name);
    REQUIRE(all->members.size() == 3);
    for (const auto& m : all->members) {
      CHECK(m.role == (m.name == all->leader ? "leader" : "voter"));
      CHECK(m.silent_ms >= 0);
      CHECK(m.silent_ms < 1000);
      CHECK(m.index == p.applied(leads));
    }
  }
  auto gone = p.other(leads, 1);
  p.c.crash(gone, crash_kind::kill, 1h);
  p.world().advance(3s);
  auto all = p.list(*p.leader());
  REQUIRE(all);
  for (const auto& m : all->members)
    CHECK((m.name == p.c.members[gone].name) == (m.silent_ms < 0));
}

TEST_CASE("members: a voter is removed through another one, stops, and disturbs nobody") {
  group p{3};
  auto leads = p.settled();
  auto leaves = p.other(leads, 1);
  auto stays = p.other(leads, 2);
  auto term = p.list(leads)->term;
  auto done = p.remove(stays, p.c.members[leaves].name);
  INFO((done ? std::string{} : done.error().message));
  REQUIRE(done);
  CHECK(done->was_voter);
  CHECK(p.names(stays).size() == 2);
  CHECK(p.ended(leaves));
  p.world().advance(10s); // its process is started again, and ends again
  CHECK(p.list(leads)->term == term);
  CHECK(p.write(stays, "a", "2"));
  auto again = p.remove(stays, p.c.members[leaves].name);
  REQUIRE(!again);
  CHECK(again.error().reason == reason::not_found);
}

TEST_CASE("members: the leader is removed: another one leads first") {
  group p{3};
  auto leads = p.settled();
  REQUIRE(p.write(leads, "a", "1"));
  result<storage::member_removed> done = failure{};
  for (int tries = 0; tries < 20 && !done; ++tries, p.world().advance(500ms)) {
    done = p.remove(p.other(leads, 1), p.c.members[leads].name);
    if (!done)
      REQUIRE(done.error().reason == reason::unavailable); // the new leader knows nobody yet
  }
  REQUIRE(done);
  CHECK(p.ended(leads));
  REQUIRE(p.led());
  CHECK(p.names(p.other(leads, 1)).size() == 2);
  CHECK(p.read(p.other(leads, 1), "a") == "1");
  CHECK(p.write(p.other(leads, 2), "a", "2"));
}

TEST_CASE("members: a dead one is removed, and learns of it when it comes back") {
  group p{3};
  auto leads = p.settled();
  auto dead = p.other(leads, 1);
  p.c.crash(dead, crash_kind::kill, 1h);
  p.world().advance(2s);
  REQUIRE(p.remove(p.other(leads, 2), p.c.members[dead].name));
  REQUIRE(p.write(leads, "a", "1"));
  p.c.start(dead);
  CHECK(p.ended(dead));
  CHECK(p.names(leads).size() == 2);
}

TEST_CASE("members: one that was removed learns of it although its log is longer than the change") {
  group p{3};
  auto alone = p.settled();
  auto name = p.c.members[alone].name;
  strings others{p.c.members[p.other(alone, 1)].name, p.c.members[p.other(alone, 2)].name};
  p.c.network.partition({name}, others);
  for (int i = 0; i < 60; ++i) // stand in its log alone, and behind them a list of members
    ask(p.world(), p.replica(alone), peaceful::put("k" + std::to_string(i), "v"), 30s,
        [](const result<storage::transacted>&) {});
  p.world().advance(50ms);
  ask(p.world(), p.peer(alone), storage::ask_to_join{storage::member_of("never"), "never=never:1"},
      30s, [](const result<storage::join_answered>&) {});
  p.world().advance(50ms);
  REQUIRE(p.names(alone).size() == 4);
  auto through = p.other(alone, 1);
  result<storage::member_removed> done = failure{};
  for (int tries = 0; tries < 40 && !done; ++tries, p.world().advance(500ms))
    done = p.remove(through, name);
  REQUIRE(done);
  p.c.network.heal_all();
  p.world().advance(5s); // nothing tells yet that its list is not the newer one
  for (int i = 0; i < 80; ++i)
    REQUIRE(p.write(through, "a", std::to_string(i)));
  CHECK(p.ended(alone));
  CHECK(p.names(through).size() == 2);
}

TEST_CASE("members: what would lose the majority is refused, and nothing is done") {
  group p{3};
  auto leads = p.settled();
  auto dead = p.other(leads, 1);
  auto stays = p.other(leads, 2);
  p.c.crash(dead, crash_kind::kill, 1h);
  p.world().advance(3s);
  for (auto who : {stays, leads}) {
    auto refused = p.remove(leads, p.c.members[who].name);
    REQUIRE(!refused);
    CHECK(refused.error().reason == reason::conflict);
    CHECK(refused.error().message.find("of the 2 voters left only 1") != std::string::npos);
  }
  CHECK(p.names(leads).size() == 3);
  CHECK(p.write(stays, "a", "1"));
  REQUIRE(p.remove(leads, p.c.members[dead].name));
  REQUIRE(p.write(stays, "a", "2"));
  // Two are left: each of them is needed for the other to go, and then the last one stays.
  result<storage::member_removed> done = failure{};
  for (int tries = 0; tries < 20 && !done; ++tries, p.world().advance(500ms))
    done = p.remove(leads, p.c.members[stays].name);
  REQUIRE(done);
  auto last = p.remove(leads, p.c.members[leads].name);
  REQUIRE(!last);
  CHECK(last.error().reason == reason::conflict);
}

TEST_CASE("members: a learner that was taken in is removed again") {
  group p{3};
  auto leads = p.settled();
  auto joined = p.world().ask<storage::join_answered>(
    p.peer(leads), storage::ask_to_join{storage::member_of("never"), "never=never:1"});
  REQUIRE(joined);
  p.world().advance(1s);
  CHECK(p.names(leads).size() == 4);
  auto all = p.list(leads);
  REQUIRE(all);
  for (const auto& m : all->members) // nobody counts on one that was never there
    CHECK((m.name == "never") == (m.role == "learner"));
  auto done = p.remove(p.other(leads, 1), "never");
  REQUIRE(done);
  CHECK(!done->was_voter);
  CHECK(p.names(leads).size() == 3);
}

TEST_CASE("members: a leader that stops in order hands over, and its writes have their outcome") {
  group p{3};
  auto leads = p.settled();
  auto term = p.list(leads)->term;
  std::vector<std::optional<result<storage::transacted>>> answers(18);
  auto write = [&](std::size_t i) {
    ask(p.world(), p.replica(i % 3), peaceful::put("k" + std::to_string(i), "v"), 30s,
        [&, i](const result<storage::transacted>& r) { answers[i] = r; });
  };
  for (const auto& m : p.c.members)
    m.now->writer->stall(30ms);
  for (std::size_t i = 0; i < 9; ++i)
    write(i);
  p.world().advance(10ms); // in the leader's log, and nowhere durable
  for (std::size_t i = 0; i < 9; ++i)
    REQUIRE(!answers[i]);
  for (std::size_t i = 9; i < answers.size(); ++i)
    write(i); // these come while the leadership goes
  auto begun = p.world().now();
  auto done = p.world().ask<storage::handed_over>(
    caf::actor_cast<storage::leaving_actor>(p.c.members[leads].now->replica.slot().address()),
    storage::hand_over{}, 5s);
  REQUIRE(done);
  CHECK(done->done);
  CHECK(p.world().now() - begun < 500ms);
  auto next = p.list(leads);
  REQUIRE(next);
  CHECK(next->term == term + 1);
  CHECK(next->leader != p.c.members[leads].name);
  p.c.crash(leads, crash_kind::kill, 1h); // it stops
  p.world().advance(2s);
  auto through = p.other(leads, 1);
  std::size_t written = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    INFO("write " << i);
    REQUIRE(answers[i]);
    auto found = p.read(through, "k" + std::to_string(i));
    if (*answers[i]) {
      ++written;
      CHECK(found == "v");
    } else { // refused, certainly not written: the API tries again
      CHECK(answers[i]->error().reason == reason::unavailable);
      CHECK(found.empty());
    }
  }
  CHECK(written >= 9);
  CHECK(p.seen.clean());
}

TEST_CASE("members: who does not lead, or has nobody to lead, stops without waiting") {
  group p{3};
  auto leads = p.settled();
  auto leave = [&](std::size_t at) {
    return p.world().ask<storage::handed_over>(
      caf::actor_cast<storage::leaving_actor>(p.c.members[at].now->replica.slot().address()),
      storage::hand_over{}, 5s);
  };
  auto follower = leave(p.other(leads, 1));
  REQUIRE(follower);
  CHECK(follower->done);
  p.c.crash(p.other(leads, 1), crash_kind::kill, 1h);
  p.c.crash(p.other(leads, 2), crash_kind::kill, 1h);
  auto begun = p.world().now();
  auto alone = leave(leads);
  REQUIRE(alone);
  CHECK(!alone->done);
  CHECK(p.world().now() - begun <= 600ms);
}

TEST_CASE("members: a leader that is about to stop is sent no proposal") {
  group p{3};
  auto leads = p.settled();
  auto through = p.other(leads, 1);
  REQUIRE(p.write(through, "a", "1"));
  REQUIRE(p.world().ask<storage::leaving_noted>(
    p.peer(through), storage::leader_leaves{storage::member_of(p.c.members[leads].name)}, 1s));
  auto refused = p.write(through, "a", "2");
  REQUIRE(!refused);
  CHECK(refused.error().reason == reason::unavailable); // nothing was done: it may be tried again
  CHECK(p.read(through, "a") == "1");
  p.c.crash(leads, crash_kind::kill, 1s); // it is there again, and may lead again
  p.world().advance(3s);
  REQUIRE(p.led());
  CHECK(p.write(through, "a", "3"));
}
