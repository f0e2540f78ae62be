// A log drawn from a seed, the states that it leads to, and a replica that applies it.
#pragma once

#include "store/mvcc/replica.hpp"
#include "tests/unit/store/machine/commands.hpp"

#include <doctest/doctest.h>

#include <map>
#include <vector>

namespace troupe::store {

inline bool same(const record_ptr& a, const record_ptr& b) {
  if (!a || !b)
    return a == b;
  return a->key == b->key && *a->value == *b->value && a->created == b->created
         && a->modified == b->modified && a->cause == b->cause;
}

using records = std::map<std::string, record_ptr>;

inline records all(const view& from) {
  records out;
  from.scan({}, [&](const record_ptr& r) { return out.emplace(r->key, r).second; });
  return out;
}

inline bool same(const records& a, const records& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](auto& x, auto& y) {
           return same(x.second, y.second);
         });
}

/// The log and, by the pure machine alone, everything that ever was.
struct true_history {
  random_source chance;
  term_id term{1};
  std::vector<std::string> log;
  std::vector<term_id> terms;
  machine_state state;
  std::vector<machine_facts> facts{machine_facts{}};     // by index
  std::map<revision, records> states{{revision{0}, {}}}; // at every single revision
  std::vector<change_ptr> changes;
  bool jumps = true;
  bool compacts = true;

  explicit true_history(std::uint64_t seed) : chance(seed) {}

  void grow(std::size_t entries) {
    for (; entries > 0; --entries) {
      if (chance.chance(1, 100))
        ++term;
      auto what = draw_command(chance, raw(state.facts.last), term);
      if (!jumps && std::holds_alternative<jump_revision>(what))
        what = transaction{};
      if (!compacts && std::holds_alternative<compact_history>(what))
        what = transaction{};
      log.push_back(chance.chance(1, 50) ? "" : encode(what));
      terms.push_back(term);
      auto now = states.rbegin()->second;
      auto out = apply(state, {state.facts.applied + 1, term, log.back()});
      REQUIRE(out);
      for (auto& each : out->changes) {
        if (each->now)
          now[each->key()] = each->now;
        else
          now.erase(each->key());
        states[each->at] = now;
        changes.push_back(each);
      }
      states[state.facts.last] = now;
      facts.push_back(state.facts);
    }
  }

  /// What was there at a revision, also inside a jump's gap.
  const records& at(revision when) const { return std::prev(states.upper_bound(when))->second; }

  /// Applies the log's next entries, up to `most` of them at once.
  void feed(replica_state& to, std::size_t most) const {
    std::vector<committed_entry> entries;
    for (auto i = raw(to.facts().applied); i < log.size() && entries.size() < most; ++i)
      entries.push_back({log_index{i + 1}, terms[i], log[i]});
    REQUIRE(to.apply(entries));
    REQUIRE(to.facts() == facts[raw(to.facts().applied)]);
  }
};

} // namespace troupe::store
