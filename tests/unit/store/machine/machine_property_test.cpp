// Random command streams against an ordered map that does the same in the plainest way.
#include "store/machine/machine.hpp"
#include "tests/unit/store/machine/commands.hpp"

#include <doctest/doctest.h>

#include <map>

namespace troupe::store {
namespace {

struct plain {
  std::map<std::string, record> records;
  std::uint64_t last = 1;

  bool holds(const predicate& p) const {
    auto at = records.find(p.key);
    auto there = at != records.end();
    if (p.what == predicate::test::absent)
      return !there;
    return there && (p.what == predicate::test::present || at->second.modified == p.at);
  }

  outcome run(const transaction& what, term_id term) {
    outcome out;
    out.last = revision{last};
    if (what.fence && *what.fence != term) {
      out.what = outcome::status::stale_term;
      return out;
    }
    for (std::size_t i = 0; i < what.when.size(); ++i)
      if (!holds(what.when[i])) {
        out.what = outcome::status::predicate_failed;
        out.failed = static_cast<std::uint32_t>(i);
        return out;
      }
    auto first = last + 1;
    for (auto& each : what.then) {
      auto at = records.find(each.key);
      if (each.what == operation::kind::erase) {
        last += records.erase(each.key);
        continue;
      }
      if (at != records.end() && *at->second.value == each.value)
        continue;
      ++last;
      auto created = at == records.end() ? revision{last} : at->second.created;
      records[each.key] = {each.key, share(each.value), created, revision{last}, what.cause};
    }
    if (last >= first)
      out.first = revision{first};
    out.last = revision{last};
    return out;
  }
};

bool same(const record& a, const record& b) {
  return a.key == b.key && *a.value == *b.value && a.created == b.created
         && a.modified == b.modified && a.cause == b.cause;
}

void compare(const machine_state& state, const plain& expected) {
  REQUIRE(state.records.size() == expected.records.size());
  std::uint64_t sum = 0;
  for (auto& [key, r] : expected.records) {
    auto found = state.records.find(key);
    REQUIRE(found);
    REQUIRE(same(*found, r));
    sum += record_hash(r);
  }
  REQUIRE(state.facts.sum == sum);
}

TEST_CASE("machine: does what an ordered map does, and two machines agree at every entry") {
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    CAPTURE(seed);
    random_source chance{seed};
    machine_state state;
    machine_state other;
    plain expected;
    term_id term{1};
    for (std::uint64_t i = 1; i <= 800; ++i) {
      if (chance.chance(1, 100))
        ++term;
      auto what = draw_command(chance, expected.last, term);
      auto bytes = encode(what);
      auto out = apply(state, {log_index{i}, term, bytes});
      auto copy = other; // the other one works on a copy now and then, as a replica does
      REQUIRE(apply(chance.chance(1, 2) ? copy : other, {log_index{i}, term, bytes}));
      if (copy.facts.applied == log_index{i})
        other = copy;
      REQUIRE(out);
      if (auto* each = std::get_if<transaction>(&what))
        REQUIRE(out->result == expected.run(*each, term));
      if (auto* jump = std::get_if<jump_revision>(&what))
        expected.last = std::max(expected.last, raw(jump->to));
      REQUIRE(raw(state.facts.last) == expected.last);
      REQUIRE(state_hash(state.facts) == state_hash(other.facts));
      for (std::size_t k = 0; k < out->changes.size(); ++k) {
        REQUIRE(out->changes[k]->at == out->result.first + k);
        REQUIRE(out->changes[k]->last == (k + 1 == out->changes.size()));
      }
      if (i % 100 == 0)
        compare(state, expected);
    }
  }
}

TEST_CASE("machine: one entry more, less or different is seen in the hash") {
  random_source chance{4};
  std::vector<std::string> entries;
  for (int i = 0; i < 60; ++i)
    entries.push_back(encode(transaction{
      .when = {},
      .then = {
        {.what = operation::kind::put, .key = draw_key(chance), .value = std::to_string(i)}}}));
  auto run = [](const std::vector<std::string>& all) {
    machine_state state;
    for (auto& each : all)
      REQUIRE(apply(state, {state.facts.applied + 1, term_id{1}, each}));
    return state_hash(state.facts);
  };
  auto right = run(entries);
  CHECK(run(entries) == right);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    auto changed = entries;
    changed[i] = encode(transaction{
      .when = {}, .then = {{.what = operation::kind::put, .key = "/other", .value = "x"}}});
    CHECK(run(changed) != right);
    changed[i] = "";
    CHECK(run(changed) != right);
    if (i > 0) { // at once: later entries may overwrite both
      changed.assign(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      auto prefix = run(changed);
      std::swap(changed[i], changed[i - 1]);
      CHECK(run(changed) != prefix);
    }
  }
}

TEST_CASE("machine: the bug that applies twice is seen in the hash") {
  machine_state right;
  machine_state wrong;
  auto entry = encode(
    transaction{.when = {}, .then = {{.what = operation::kind::put, .key = "a", .value = "1"}}});
  REQUIRE(apply(right, {log_index{1}, term_id{1}, entry}));
  REQUIRE(apply(wrong, {log_index{1}, term_id{1}, entry}, {.apply_twice_after_restart = true}));
  CHECK(state_hash(right.facts) != state_hash(wrong.facts));
}

} // namespace
} // namespace troupe::store
