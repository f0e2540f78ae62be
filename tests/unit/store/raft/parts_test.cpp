// The core's parts alone: majorities, the log in memory, configurations.
#include "config/base/random.hpp"
#include "store/raft/entry_log.hpp"
#include "store/raft/print.hpp"
#include "store/raft/progress.hpp"
#include "store/raft/quorum.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace troupe;
using namespace troupe::raft;

namespace {

configuration members(std::initializer_list<std::uint64_t> voters,
                      std::initializer_list<std::uint64_t> learners = {}) {
  configuration c;
  for (auto id : voters)
    c.members.push_back({member_id{id}, member_role::voter, ""});
  for (auto id : learners)
    c.members.push_back({member_id{id}, member_role::learner, ""});
  return c;
}

entry command(std::uint64_t term, std::uint64_t index) {
  return {term_id{term}, log_index{index}, entry_kind::command, share("x")};
}

entry_log log_of(std::initializer_list<std::uint64_t> terms) {
  entry_log log{{{}, members({1, 2, 3})}};
  for (auto t : terms)
    log.append(command(t, raw(log.last().index) + 1));
  return log;
}

log_position at(std::uint64_t term, std::uint64_t index) {
  return {term_id{term}, log_index{index}};
}

} // namespace

TEST_CASE("quorum: the agreed index is what more than half have reached") {
  CHECK(agreed({}) == log_index{0});
  CHECK(agreed({log_index{5}}) == log_index{5});
  CHECK(agreed({log_index{5}, log_index{7}}) == log_index{5});
  CHECK(agreed({log_index{9}, log_index{5}, log_index{7}}) == log_index{7});
  random_source r{1};
  for (int i = 0; i < 2000; ++i) {
    std::vector<log_index> m;
    for (auto n = r.between(1, 9); n > 0; --n)
      m.push_back(log_index{r.below(6)});
    auto have = [&](log_index x) {
      return std::count_if(m.begin(), m.end(), [&](log_index y) { return y >= x; }) * 2
             > static_cast<std::ptrdiff_t>(m.size());
    };
    CHECK(have(agreed(m)));
    CHECK(!have(agreed(m) + 1));
  }
}

TEST_CASE("quorum: a poll is won by a majority of the voters, and lost once none is possible") {
  auto c = members({1, 2, 3}, {4, 5});
  using votes = std::map<member_id, bool>;
  CHECK(tally(c, votes{}) == poll::open);
  CHECK(tally(c, votes{{member_id{1}, true}}) == poll::open);
  CHECK(tally(c, votes{{member_id{1}, true}, {member_id{4}, true}, {member_id{5}, true}})
        == poll::open);
  CHECK(tally(c, votes{{member_id{1}, true}, {member_id{3}, true}}) == poll::won);
  CHECK(tally(c, votes{{member_id{1}, true}, {member_id{2}, false}}) == poll::open);
  CHECK(tally(c, votes{{member_id{1}, false}, {member_id{2}, false}}) == poll::lost);
  CHECK(tally(members({1, 2}), votes{{member_id{1}, true}, {member_id{2}, false}}) == poll::lost);
}

TEST_CASE("quorum: two majorities of configurations one change apart always meet") {
  // Thesis 4.1, by exhaustion for up to seven members.
  for (std::uint64_t n = 1; n < 7; ++n) {
    for (std::uint64_t a = 0; a < (1U << n); ++a) {
      for (std::uint64_t b = 0; b < (1U << (n + 1)); ++b) {
        auto majority = [](std::uint64_t set, std::uint64_t of) {
          return static_cast<std::uint64_t>(__builtin_popcountll(set)) * 2 > of;
        };
        if (majority(a, n) && majority(b, n + 1))
          REQUIRE((a & b) != 0);
      }
    }
  }
}

TEST_CASE("log: knows every entry's term, also of entries that are not in memory") {
  auto log = log_of({1, 1, 4, 4, 6});
  CHECK(log.last() == at(6, 5));
  log.forget(log_index{4}, 0);
  CHECK(!log.in_memory(log_index{4}));
  CHECK(log.in_memory(log_index{5}));
  CHECK(log.term_at(log_index{0}) == term_id{0});
  CHECK(log.term_at(log_index{2}) == term_id{1});
  CHECK(log.term_at(log_index{3}) == term_id{4});
  CHECK(log.term_at(log_index{6}) == std::nullopt);
  log.cut_tail(log_index{4}); // above what is in memory
  CHECK(log.last() == at(4, 3));
  log.append(command(7, 4));
  CHECK(log.in_memory(log_index{4}));
  CHECK(!log.in_memory(log_index{3}));
}

TEST_CASE("log: a cut head is forgotten but its term and configuration stay at the start") {
  auto log = log_of({1, 1, 4});
  log.append({term_id{4}, log_index{4}, entry_kind::configuration, share(encode(members({1, 2})))});
  log.append(command(5, 5));
  CHECK(log.members() == members({1, 2}));
  CHECK(log.members_at(log_index{3}) == members({1, 2, 3}));
  log.cut_head(log_index{2});
  CHECK(log.start().at == at(1, 2));
  CHECK(log.start().members == members({1, 2, 3}));
  CHECK(log.term_at(log_index{1}) == std::nullopt);
  log.cut_head(log_index{5});
  CHECK(log.start() == snapshot_mark{at(5, 5), members({1, 2})});
  CHECK(log.last() == at(5, 5));
  CHECK(log.memory_bytes() == 0);
}

TEST_CASE("log: a configuration that is cut off again is out of force") {
  auto log = log_of({1});
  log.append({term_id{1}, log_index{2}, entry_kind::configuration, share(encode(members({1})))});
  CHECK(log.members_index() == log_index{2});
  log.cut_tail(log_index{2});
  CHECK(log.members() == members({1, 2, 3}));
  CHECK(log.members_index() == log_index{0});
}

TEST_CASE("log: two logs agree nowhere above the agreement") {
  random_source r{7};
  for (int i = 0; i < 3000; ++i) {
    // Two logs with a common beginning.
    entry_log a{{{}, members({1})}};
    entry_log b = a;
    std::uint64_t term = 1;
    for (auto n = r.below(6); n > 0; --n, term += r.below(3)) {
      a.append(command(term, raw(a.last().index) + 1));
      b.append(a.slice(a.last().index, a.last().index, 1).front());
    }
    auto common = a.last().index;
    for (auto [log, parity] : {std::pair{&a, 0U}, std::pair{&b, 1U}}) {
      auto t = 2 * term + parity; // terms of one log's rest are even, of the other's odd
      for (auto n = r.below(6); n > 0; --n, t += 2 * r.below(2))
        log->append(command(t, raw(log->last().index) + 1));
    }
    for (auto probe = common; probe <= a.last().index; ++probe) {
      auto hint = b.agreement({*a.term_at(probe), probe});
      auto guess = a.agreement(hint);
      CHECK(guess.index >= common);
      for (auto above = guess.index + 1; above <= probe; ++above)
        CHECK(a.term_at(above) != b.term_at(above));
    }
  }
}

TEST_CASE("membership: one change at a time, none that makes no sense") {
  auto c = members({1, 2});
  auto with = changed(c, add_learner{member_id{3}, "three"});
  REQUIRE(with);
  CHECK(to_text(*with) == "voters 1 2 learners 3");
  CHECK(with->find(member_id{3})->address == "three");
  CHECK(!changed(*with, add_learner{member_id{3}, ""}));
  CHECK(!changed(*with, add_learner{nobody, ""}));
  CHECK(!changed(*with, promote{member_id{1}}));
  CHECK(!changed(*with, promote{member_id{9}}));
  CHECK(to_text(*changed(*with, promote{member_id{3}})) == "voters 1 2 3");
  CHECK(changed(*with, move_member{member_id{2}, "new"})->find(member_id{2})->address == "new");
  auto one = changed(c, remove_member{member_id{1}});
  REQUIRE(one);
  CHECK(to_text(*one) == "voters 2");
  CHECK(!changed(*one, remove_member{member_id{2}}));
}

TEST_CASE("progress: the window counts letters and bytes, and lands in order") {
  options o;
  o.max_in_flight = 3;
  o.max_in_flight_bytes = 100;
  replicating w;
  w.depart(log_index{1}, 40);
  w.depart(log_index{2}, 40);
  CHECK(!w.full(o));
  w.depart(log_index{3}, 40);
  CHECK(w.full(o));
  w.land(log_index{2});
  CHECK(w.bytes == 40);
  CHECK(!w.full(o));
  w.depart(log_index{9}, 70);
  CHECK(w.full(o));
  w.land(log_index{9});
  CHECK(w.bytes == 0);
  CHECK(w.flights.empty());
}
