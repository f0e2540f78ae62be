// Edges of the core that no story tells.
#include "store/raft/core.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace troupe;
using namespace troupe::raft;

namespace {

recovered fresh(std::initializer_list<std::uint64_t> voters) {
  configuration c;
  for (auto id : voters)
    c.members.push_back({member_id{id}, member_role::voter, ""});
  return {.ballot = {}, .log = entry_log{{{}, c}}, .applied = {}, .snapshot = {}};
}

options named(std::uint64_t id) { return {.self = member_id{id}, .seed = id}; }

effects finish(core& c, const effects& before) { return c.step(write_finished{before.write}); }

/// A lone voter that leads.
core lone_leader(options o = named(1)) {
  core c{o, fresh({1})};
  auto elected = finish(c, c.step(campaign{}));
  (void)finish(c, elected);
  return c;
}

} // namespace

TEST_CASE("core: the same events give the same effects") {
  auto run = [] {
    core c{named(1), fresh({1, 2, 3})};
    std::vector<std::size_t> sent;
    for (int i = 0; i < 100; ++i)
      sent.push_back(c.step(tick{}).send_now.size());
    return sent;
  };
  CHECK(run() == run());
}

TEST_CASE("core: the election timeout lies between one and two election times") {
  std::set<int> seen;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    auto o = named(1);
    o.seed = seed;
    core c{o, fresh({1, 2, 3})};
    int ticks = 1;
    while (c.step(tick{}).send_now.empty())
      ++ticks;
    seen.insert(ticks);
  }
  CHECK(*seen.begin() == 10);
  CHECK(*seen.rbegin() == 19);
  CHECK(seen.size() == 10);
}

TEST_CASE("core: a member without a configuration waits to be told") {
  core c{named(4), fresh({})};
  for (int i = 0; i < 100; ++i)
    CHECK(c.step(tick{}).send_now.empty());
}

TEST_CASE("core: letters to others, from itself and from nobody are dropped") {
  core c{named(1), fresh({1, 2, 3})};
  for (auto [from, to] : {std::pair{2, 3}, std::pair{1, 1}, std::pair{0, 1}}) {
    letter l{member_id{static_cast<std::uint64_t>(from)}, member_id{static_cast<std::uint64_t>(to)},
             term_id{9}, heartbeat{}};
    CHECK(c.step(received{l}).send_now.empty());
  }
  CHECK(c.look().ballot.term == term_id{0});
}

TEST_CASE("core: what is handed out and not yet applied is bounded") {
  auto o = named(1);
  o.max_apply_bytes = 120; // two entries of one byte
  auto c = lone_leader(o);
  (void)c.step(applied{log_index{1}});
  auto out =
    finish(c, c.step(proposal{ticket{1}, {share("a"), share("b"), share("c"), share("d")}}));
  CHECK(out.apply.size() == 2);
  CHECK(c.step(tick{}).apply.empty());
  out = c.step(applied{log_index{3}});
  CHECK(out.apply.size() == 2);
  CHECK(out.apply.front().index == log_index{4});
}

TEST_CASE("core: a large log is applied after a restart by loading it piece by piece") {
  auto from = fresh({1});
  for (std::uint64_t i = 1; i <= 10; ++i)
    from.log.append({term_id{1}, log_index{i}, entry_kind::command, share("x")});
  auto all = from.log.slice(log_index{1}, log_index{10}, 1 << 20);
  from.log.forget(log_index{10}, 0);
  core c{named(1), std::move(from)};
  auto out = finish(c, finish(c, c.step(campaign{})));
  REQUIRE(out.load.size() == 1);
  CHECK(out.load[0].from == log_index{1});
  // A load that fails is ordered again with the next tick, not at once.
  CHECK(c.step(entries_loaded{log_index{1}, {}}).load.empty());
  CHECK(c.step(tick{}).load.size() == 1);
  out = c.step(entries_loaded{log_index{1}, {all.begin(), all.begin() + 4}});
  CHECK(out.apply.size() == 4);
  out = c.step(applied{log_index{4}});
  out = c.step(entries_loaded{log_index{5}, {all.begin() + 4, all.end()}});
  CHECK(out.apply.size() == 6);
  CHECK(c.step(applied{log_index{10}}).apply.size() == 1); // the new term's entry, from memory
}

TEST_CASE("core: reads above the bound are refused, the others are answered") {
  auto o = named(1);
  o.max_pending_reads = 2;
  core c{o, fresh({1})};
  (void)finish(c, c.step(campaign{})); // leads, its first entry is not committed
  CHECK(c.step(raft::read{ticket{1}}).reads.empty());
  CHECK(c.step(raft::read{ticket{2}}).reads.empty());
  auto refused = c.step(raft::read{ticket{3}}).reads;
  REQUIRE(refused.size() == 1);
  CHECK(refused[0] == read_verdict{ticket{3}, verdict::too_busy, {}});
  auto answered = c.step(write_finished{write_id{2}}).reads;
  REQUIRE(answered.size() == 2);
  CHECK(answered[0] == read_verdict{ticket{1}, verdict::accepted, log_index{1}});
}

TEST_CASE("core: what contradicts itself on the disk is refused at the start") {
  auto from = fresh({1});
  from.applied = log_index{5}; // a state machine ahead of its log
  CHECK_THROWS_AS((core{named(1), from}), broken_invariant);
  CHECK_THROWS_AS((core{options{}, fresh({1})}), broken_invariant); // nobody
}

TEST_CASE("core: the log is cut as far as the host allows, less what slow followers may need") {
  auto o = named(1);
  o.keep_entries = 3;
  auto c = lone_leader(o);
  (void)finish(c, c.step(proposal{ticket{1}, std::vector<shared_bytes>(9, share("x"))}));
  (void)c.step(applied{log_index{10}});
  CHECK(!c.step(compact{log_index{0}}).cut_head);
  CHECK(c.step(compact{log_index{5}}).cut_head->at.index == log_index{5});
  CHECK(c.step(compact{log_index{10}}).cut_head->at.index == log_index{7});
  CHECK(!c.step(compact{log_index{10}}).cut_head);
}
