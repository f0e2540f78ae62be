#include "config/base/invariant.hpp"
#include "store/machine/machine.hpp"

#include <doctest/doctest.h>

namespace troupe::store {
namespace {

struct machine {
  machine_state state;
  machine_bugs bugs;
  term_id term{1};

  applied_entry run(const command& what) {
    auto bytes = encode(what);
    auto out = apply(state, {state.facts.applied + 1, term, bytes}, bugs);
    REQUIRE(out);
    return std::move(out).value();
  }
};

operation put(std::string key, std::string value) {
  return {.what = operation::kind::put, .key = std::move(key), .value = std::move(value)};
}
operation erase(std::string key) {
  return {.what = operation::kind::erase, .key = std::move(key), .value = {}};
}
predicate absent(std::string key) {
  return {.what = predicate::test::absent, .key = std::move(key), .at = {}};
}
predicate present(std::string key) {
  return {.what = predicate::test::present, .key = std::move(key), .at = {}};
}
predicate modified(std::string key, std::uint64_t at) {
  return {.what = predicate::test::modified_is, .key = std::move(key), .at = revision{at}};
}

TEST_CASE("machine: each changed object has a revision of its own, a transaction a range") {
  machine m;
  auto out = m.run(transaction{.when = {}, .then = {put("a", "1"), put("b", "1"), put("c", "1")}});
  CHECK(out.result == outcome{outcome::status::applied, revision{2}, revision{4}, 0});
  REQUIRE(out.changes.size() == 3);
  CHECK(out.changes[0]->at == revision{2});
  CHECK_FALSE(out.changes[0]->last);
  CHECK_FALSE(out.changes[1]->last);
  CHECK(out.changes[2]->last);
  CHECK(m.state.records.find("b")->modified == revision{3});
  auto next = m.run(transaction{.when = {}, .then = {put("b", "2")}, .cause = cause_id{9}});
  CHECK(next.result.first == revision{5});
  auto b = m.state.records.find("b");
  CHECK(b->created == revision{3});
  CHECK(b->modified == revision{5});
  CHECK(b->cause == cause_id{9});
  CHECK(*next.changes[0]->before->value == "1");
  CHECK(next.changes[0]->now == b);
}

TEST_CASE("machine: what changes no byte takes no revision") {
  machine m;
  m.run(transaction{.when = {}, .then = {put("a", "1")}});
  auto out = m.run(transaction{.when = {}, .then = {put("a", "1"), erase("gone")}});
  CHECK(out.result == outcome{outcome::status::applied, revision{}, revision{2}, 0});
  CHECK(out.changes.empty());
  auto mixed = m.run(transaction{.when = {}, .then = {put("b", "1"), put("a", "1")}});
  CHECK(mixed.result == outcome{outcome::status::applied, revision{3}, revision{3}, 0});
  CHECK(mixed.changes.back()->last);
}

TEST_CASE("machine: an erased key that comes back is created anew") {
  machine m;
  m.run(transaction{.when = {}, .then = {put("a", "1")}});
  auto gone = m.run(transaction{.when = {}, .then = {erase("a")}});
  CHECK(gone.changes[0]->at == revision{3});
  CHECK_FALSE(gone.changes[0]->now);
  CHECK(gone.changes[0]->key() == "a");
  m.run(transaction{.when = {}, .then = {put("a", "1")}});
  CHECK(m.state.records.find("a")->created == revision{4});
}

TEST_CASE("machine: one failed predicate, and nothing changes") {
  struct row {
    predicate what;
    bool holds;
  };
  const row rows[] = {
    {absent("a"), false},      {absent("b"), true},       {present("a"), true},
    {present("b"), false},     {modified("a", 2), true},  {modified("a", 3), false},
    {modified("b", 2), false}, {modified("b", 0), false},
  };
  for (auto& each : rows) {
    machine m;
    m.run(transaction{.when = {}, .then = {put("a", "1")}});
    auto before = state_hash(m.state.facts);
    auto out = m.run(transaction{.when = {present("a"), each.what}, .then = {put("c", "1")}});
    CHECK((out.result.what == outcome::status::applied) == each.holds);
    CHECK((m.state.records.find("c") != nullptr) == each.holds);
    if (!each.holds) {
      CHECK(out.result == outcome{outcome::status::predicate_failed, revision{}, revision{2}, 1});
      CHECK(state_hash(m.state.facts) != before); // the applied index is part of the state
      CHECK(m.state.facts.last == revision{2});
    }
  }
}

TEST_CASE("machine: a fence of another term changes nothing, unless the bug is switched on") {
  for (bool bug : {false, true}) {
    machine m;
    m.bugs.ignore_fence = bug;
    m.term = term_id{5};
    for (std::uint64_t fence : {4, 6}) {
      auto out = m.run(transaction{.when = {absent("x")},
                                   .then = {put("a" + std::to_string(fence), "1")},
                                   .fence = term_id{fence}});
      CHECK((out.result.what == outcome::status::stale_term) == !bug);
    }
    CHECK(m.state.records.size() == (bug ? 2 : 0));
    CHECK(m.run(transaction{.when = {}, .then = {put("b", "1")}, .fence = term_id{5}}).result.what
          == outcome::status::applied);
  }
}

TEST_CASE("machine: compaction moves forward only and never past what was written") {
  machine m;
  for (auto value : {"1", "2", "3"})
    m.run(transaction{.when = {}, .then = {put("a", value)}}); // up to revision 4
  m.run(compact_history{revision{3}});
  CHECK(m.state.facts.compacted == revision{3});
  m.run(compact_history{revision{2}});
  CHECK(m.state.facts.compacted == revision{3});
  m.run(compact_history{revision{5}});
  CHECK(m.state.facts.compacted == revision{3});
}

TEST_CASE("machine: a jump goes forward and marks the past compacted") {
  machine m;
  m.run(transaction{.when = {}, .then = {put("a", "1")}});
  m.run(jump_revision{revision{1000}});
  CHECK(m.state.facts.last == revision{1000});
  CHECK(m.state.facts.compacted == revision{1000});
  m.run(jump_revision{revision{500}});
  CHECK(m.state.facts.last == revision{1000});
  CHECK(m.run(transaction{.when = {}, .then = {put("a", "2")}}).result.first == revision{1001});
}

TEST_CASE("machine: proposals use the newest version that all voters announced") {
  machine m;
  m.run(announce_version{member_id{1}, 3});
  m.run(announce_version{member_id{2}, 1});
  CHECK(agreed_version(m.state.facts, {member_id{1}, member_id{2}}) == 1);
  CHECK(agreed_version(m.state.facts, {member_id{1}}) == newest_command_version);
  CHECK(agreed_version(m.state.facts, {member_id{1}, member_id{3}}) == 1);
  m.run(announce_version{member_id{1}, 0});
  CHECK(m.state.facts.versions.size() == 1);
}

TEST_CASE("machine: entries are applied in order, each once; empty ones only count") {
  machine m;
  m.state.facts.applied = log_index{4};
  CHECK_THROWS_AS((void)apply(m.state, {log_index{4}, term_id{1}, ""}), broken_invariant);
  CHECK_THROWS_AS((void)apply(m.state, {log_index{6}, term_id{1}, ""}), broken_invariant);
  REQUIRE(apply(m.state, {log_index{5}, term_id{3}, ""}));
  CHECK(m.state.facts.applied == log_index{5});
  CHECK(m.state.facts.term == term_id{3});
  CHECK_THROWS_AS((void)apply(m.state, {log_index{6}, term_id{2}, ""}), broken_invariant);
}

TEST_CASE("machine: a command that cannot be decoded leaves the state as it is") {
  machine m;
  auto before = m.state.facts;
  CHECK_FALSE(apply(m.state, {log_index{1}, term_id{1}, "\x09"}));
  CHECK(m.state.facts == before);
}

TEST_CASE("machine: the facts survive their encoding, and every cut of it is noticed") {
  machine m;
  m.run(transaction{.when = {}, .then = {put("a", "1")}});
  m.run(announce_version{member_id{7}, 2});
  auto bytes = encode(m.state.facts);
  auto back = decode_facts(bytes);
  REQUIRE(back);
  CHECK(*back == m.state.facts);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK_FALSE(decode_facts(std::string_view{bytes}.substr(0, size)));
}

} // namespace
} // namespace troupe::store
