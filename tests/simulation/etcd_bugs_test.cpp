// The published correctness bugs of etcd, each as a scenario that this store must pass. Which is
// which, and which have no counterpart here: etcd-bugs.md.
#include "tests/unit/actors/storage/peaceful.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace troupe;
using namespace troupe::sim;

namespace {

options with_history(duration kept) {
  auto o = peaceful::calm(3);
  o.compact_after = kept;
  return o;
}

/// A watch as a client has it: what it has seen, in order, and how far it is told to be.
struct watch {
  peaceful& p;
  std::size_t at;
  std::uint64_t id = 0;
  std::vector<revision> seen;
  revision up_to{};

  result<void> begin(std::optional<revision> after) {
    auto f = p.world().ask<storage::followed>(
      p.hub(at), storage::follow{.prefix = "k", .exact = false, .after = after}, 10s);
    if (!f)
      return std::move(f).error();
    id = f->subscription;
    up_to = f->at;
    return {};
  }
  /// False: it was told that it is over.
  bool take() {
    auto got = p.world().ask<storage::changes>(p.hub(at), storage::next_changes{id, 300ms});
    if (!got)
      return false;
    for (const auto& c : got->list) {
      CHECK(c->at > up_to); // nothing that it was told to have seen already comes afterwards
      if (!seen.empty())
        CHECK(c->at > seen.back());
      seen.push_back(c->at);
    }
    up_to = std::max(up_to, got->up_to);
    return true;
  }
};

revision write(peaceful& p, std::size_t at, const std::string& key, const std::string& value) {
  auto done = p.write(at, key, value);
  INFO((done ? std::string{} : done.error().message));
  REQUIRE(done);
  return done->what.last;
}

revision erase(peaceful& p, std::size_t at, const std::string& key) {
  storage::transact t;
  t.what.then = {{.what = store::operation::kind::erase, .key = key, .value = {}}};
  auto done = p.world().ask<storage::transacted>(p.replica(at), std::move(t), 20s);
  REQUIRE(done);
  return done->what.last;
}

bool same_states(peaceful& p) {
  return p.world().run_until(
    [&] {
      for (std::size_t i = 0; i < p.c.members.size(); ++i)
        if (!p.c.up(i) || p.state(i) != p.state(0))
          return false;
      return true;
    },
    20s);
}

} // namespace

TEST_CASE("etcd 13766: a crash under load leaves the same revisions everywhere") {
  peaceful p{3};
  REQUIRE(p.led());
  revision last{};
  for (int i = 0; i < 60; ++i) {
    auto leads = *p.leader();
    last = write(p, leads, "k" + std::to_string(i % 7), std::to_string(i));
    auto victim = (leads + 1 + static_cast<std::size_t>(i) % 2) % 3;
    if (i % 6 == 0 && p.c.up((leads + 1) % 3) && p.c.up((leads + 2) % 3)) {
      p.c.members[victim].rows->flush_by_itself(); // at any batch's end, as an engine does
      p.c.crash(victim, crash_kind::power, 300ms);
    }
  }
  REQUIRE(same_states(p));
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(p.c.members[i].now->state->facts().last == last);
}

TEST_CASE(
  "etcd 14370: a single master loses no write that it acknowledged, whenever its power goes") {
  for (int round = 0; round < 10; ++round) {
    peaceful p{1};
    REQUIRE(p.led());
    auto value = std::to_string(round);
    for (int i = 0; i < round; ++i)
      write(p, 0, "k", "before");
    write(p, 0, "k", value);
    p.c.crash(0, crash_kind::power, 100ms); // at the instant of the answer
    p.world().advance(200ms);
    REQUIRE(p.led());
    CHECK(p.read(0, "k") == value);
  }
}

TEST_CASE("etcd 14685: a crash in the middle of freeing space changes no revision") {
  peaceful p{with_history(2s)};
  REQUIRE(p.led());
  for (int i = 0; i < 300; ++i)
    write(p, *p.leader(), "k" + std::to_string(i % 5), std::to_string(i));
  p.world().advance(4s); // the past is being compacted and its rows are swept
  for (std::size_t i = 0; i < 3; ++i)
    p.c.crash(i, crash_kind::power, 100ms);
  p.world().advance(300ms);
  REQUIRE(p.led());
  write(p, *p.leader(), "k", "after");
  CHECK(same_states(p));
}

TEST_CASE("etcd 15220: what a watch is told to have seen it has seen") {
  peaceful p{3};
  REQUIRE(p.led());
  watch w{p, p.follower()};
  REQUIRE(w.begin(std::nullopt));
  std::vector<revision> written;
  for (int i = 0; i < 40; ++i) {
    written.push_back(write(p, *p.leader(), "k" + std::to_string(i % 3), std::to_string(i)));
    if (i % 4 == 0)
      REQUIRE(w.take());
    write(p, *p.leader(), "other", std::to_string(i)); // moves bookmarks on
  }
  while (w.seen.size() < written.size())
    REQUIRE(w.take());
  CHECK(w.seen == written);
}

TEST_CASE(
  "etcd 15271: a watch does not travel back in time when its master is cut off and catches up "
  "by a snapshot") {
  peaceful p{3};
  REQUIRE(p.led());
  auto cut = p.follower();
  std::vector<revision> written{write(p, *p.leader(), "k0", "v")};
  watch w{p, cut};
  REQUIRE(w.begin(revision{1}));
  REQUIRE(w.take());
  std::vector<std::string> others;
  for (std::size_t i = 0; i < 3; ++i)
    if (i != cut)
      others.push_back(p.c.members[i].name);
  p.c.network.partition({p.c.members[cut].name}, others);
  for (int i = 0; i < 120; ++i)
    written.push_back(write(p, *p.leader(), "k" + std::to_string(i % 3), std::to_string(i)));
  p.world().advance(3s); // the log is cut: only a snapshot can help
  p.c.network.heal_all();
  REQUIRE(same_states(p));
  while (w.take() && w.seen.size() < written.size()) {
  }
  if (w.seen.size() < written.size()) // it was told that it is over: it goes on from where it was
    REQUIRE(w.begin(w.seen.back()));
  while (w.seen.size() < written.size())
    REQUIRE(w.take());
  CHECK(w.seen == written);
}

TEST_CASE("etcd 17247: each change of a transaction is seen once, at its own revision") {
  peaceful p{1};
  REQUIRE(p.led());
  watch w{p, 0};
  REQUIRE(w.begin(std::nullopt));
  storage::transact t;
  for (const auto* key : {"k1", "k2", "k3"})
    t.what.then.push_back({.key = key, .value = "v"});
  auto done = p.world().ask<storage::transacted>(p.replica(0), std::move(t), 10s);
  REQUIRE(done);
  CHECK(done->what.last - done->what.first == 2);
  auto first = done->what.first;
  REQUIRE(w.take());
  REQUIRE(w.take());
  CHECK(w.seen == std::vector<revision>{first, first + 1, first + 2});
}

TEST_CASE("etcd 17529: a watch that is not read while its past is compacted skips nothing of it") {
  peaceful p{with_history(2s)};
  REQUIRE(p.led());
  auto at = p.follower();
  watch w{p, at};
  REQUIRE(w.begin(std::nullopt));
  std::vector<revision> written;
  for (int i = 0; i < 300; ++i) // each another value: the same again would be no change
    written.push_back(write(p, *p.leader(), "k" + std::to_string(i % 9), std::to_string(i)));
  p.world().advance(5s);
  REQUIRE(p.c.members[at].now->state->facts().compacted >= written.back());
  while (w.seen.size() < written.size())
    REQUIRE(w.take());
  CHECK(w.seen == written);
}

TEST_CASE("etcd 17529: a watch that falls behind what is compacted is told, and skips nothing") {
  auto o = with_history(2s);
  o.segment_bytes = 4U << 20U; // the changes are large ones
  peaceful p{o};
  REQUIRE(p.led());
  auto at = p.follower();
  watch w{p, at};
  REQUIRE(w.begin(std::nullopt));
  std::vector<revision> written;
  auto write_on = [&](int times) { // 300 are more than the hub's window keeps
    for (int i = 0; i < times; ++i)
      written.push_back(write(p, *p.leader(), "k" + std::to_string(i % 9),
                              std::to_string(written.size()) + std::string(64U << 10U, 'x')));
  };
  write_on(20);
  while (w.seen.size() < written.size())
    REQUIRE(w.take());
  write_on(300); // and nobody reads
  p.world().advance(5s);
  REQUIRE(p.c.members[at].now->state->facts().compacted > w.seen.back());
  bool told = false;
  for (int i = 0; i < 100 && !told; ++i)
    told = !w.take();
  CHECK(told);
  CHECK(w.seen.size() < written.size());
  CHECK(std::equal(w.seen.begin(), w.seen.end(), written.begin())); // no gap in what it saw
  auto again = watch{p, at}.begin(w.seen.back()); // what it missed is nowhere any more
  REQUIRE(!again);
  CHECK(again.error().reason == reason::expired);
}

TEST_CASE("etcd 17780: no revision is given twice when all crash after compacting up to the last") {
  peaceful p{with_history(2s)};
  REQUIRE(p.led());
  write(p, *p.leader(), "k1", "v");
  auto last = erase(p, *p.leader(), "k1"); // the newest revision has no living record
  auto compacted = [&] { return p.c.members[*p.leader()].now->state->facts().compacted; };
  for (int i = 0; i < 100 && compacted() < last; ++i)
    p.world().advance(200ms);
  REQUIRE(compacted() == last);
  p.world().advance(2s); // and what was superseded is swept
  for (std::size_t i = 0; i < 3; ++i)
    p.c.crash(i, crash_kind::power, 100ms);
  p.world().advance(300ms);
  REQUIRE(p.led());
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(p.c.members[i].now->state->facts().last == last);
  CHECK(write(p, *p.leader(), "k1", "again") == last + 1);
}

TEST_CASE(
  "etcd 18089, 19179: a watch from any revision sees the erasure behind it, or is told that it "
  "comes too late, also where the compaction stands") {
  peaceful p{with_history(2s)};
  REQUIRE(p.led());
  std::vector<revision> written;
  for (int i = 0; i < 4; ++i)
    written.push_back(write(p, *p.leader(), "k1", std::to_string(i)));
  written.push_back(erase(p, *p.leader(), "k1"));
  for (int step = 0; step < 40; ++step) { // before, while and after it is compacted
    p.world().advance(100ms);
    for (std::size_t from = 0; from < written.size(); ++from) {
      watch w{p, static_cast<std::size_t>(step) % 3};
      auto after = written[from] - 1;
      if (!w.begin(after))
        continue; // expired: it lists again
      std::vector<revision> rest{written.begin() + static_cast<std::ptrdiff_t>(from),
                                 written.end()};
      for (int i = 0; i < 5 && w.seen.size() < rest.size(); ++i)
        if (!w.take())
          break;
      CHECK(w.seen == rest);
    }
  }
}

TEST_CASE("etcd 20221: a watch from a revision that is still to come shows nothing older") {
  peaceful p{3};
  REQUIRE(p.led());
  auto now = write(p, *p.leader(), "k", "v");
  for (std::size_t i = 0; i < 3; ++i) {
    watch w{p, i};
    std::optional<result<storage::followed>> begun;
    ask(p.world(), p.hub(i), storage::follow{.prefix = "k", .exact = false, .after = now + 3}, 10s,
        [&](const result<storage::followed>& r) { begun = r; });
    for (int n = 0; n < 6; ++n)
      write(p, *p.leader(), "k", std::to_string(n));
    REQUIRE(p.world().run_until([&] { return begun.has_value(); }, 11s));
    if (*begun) {
      w.id = (*begun)->subscription;
      w.up_to = now + 3;
      while (w.seen.size() < 3)
        REQUIRE(w.take());
      CHECK(w.seen == std::vector<revision>{now + 4, now + 5, now + 6});
    }
    now = now + 6;
  }
}

TEST_CASE("etcd 20418: a leader that was paused serves no stale read when it goes on") {
  peaceful p{3};
  REQUIRE(p.led());
  write(p, *p.leader(), "k", "old");
  auto was = *p.leader();
  p.c.pause(was, 1h);
  std::optional<std::string> answered; // asked while it is stopped, by one who does not know
  ask(p.world(), p.replica(was), storage::get_view{}, 60s,
      [&](const result<storage::viewed>& v) { answered = v ? *v->of->get("k")->value : "none"; });
  std::size_t next = was;
  for (int i = 0; i < 100 && next == was; ++i) {
    p.world().advance(100ms);
    for (auto other : {(was + 1) % 3, (was + 2) % 3}) {
      auto l = p.world().ask<storage::leadership>(p.replica(other), storage::get_leadership{});
      if (l && l->here)
        next = other;
    }
  }
  REQUIRE(next != was);
  write(p, next, "k", "new");
  p.c.resume(was);
  REQUIRE(p.world().run_until([&] { return answered.has_value(); }, 61s));
  CHECK(*answered != "old");
  CHECK(p.read(was, "k") == "new");
}
