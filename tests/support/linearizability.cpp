#include "tests/support/linearizability.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>

namespace troupe::check {
namespace {

constexpr auto never = std::numeric_limits<std::uint64_t>::max();

/// What the register holds afterwards; nothing when the operation cannot stand here.
std::optional<version> step(version held, const operation& op) {
  switch (op.what) {
  case operation::kind::read:
    if (op.end && op.result != held)
      return std::nullopt;
    return held;
  case operation::kind::write: return op.argument;
  case operation::kind::swap:
    if (!op.end) // unknown: it may have failed as well
      return held == op.expected ? op.argument : held;
    if (op.succeeded != (held == op.expected))
      return std::nullopt;
    return op.succeeded ? op.argument : held;
  }
  return std::nullopt;
}

struct key_search {
  std::vector<operation> ops; // by start
  std::uint64_t steps_left;
  std::size_t known_left = 0; // operations with a known end that have no place yet
  std::vector<bool> placed;
  /// The configurations seen: the first unplaced operation, those placed after it, the state.
  std::set<std::pair<std::vector<std::size_t>, version>> seen;

  /// Places one more operation; true when every operation with a known end has found its place.
  bool search(version held, std::size_t first) {
    while (first < ops.size() && placed[first])
      ++first;
    if (known_left == 0)
      return true;
    // An operation may be next when no unplaced one ended before it started. Later starts than the
    // first end cannot lower it: they end later still.
    auto first_end = never;
    std::vector<std::size_t> next;
    std::vector<std::size_t> configuration{first};
    for (auto i = first; i < ops.size() && ops[i].start <= first_end; ++i) {
      if (placed[i]) {
        configuration.push_back(i);
      } else {
        next.push_back(i);
        first_end = std::min(first_end, ops[i].end.value_or(never));
      }
    }
    if (steps_left == 0 || !seen.emplace(std::move(configuration), held).second)
      return false;
    --steps_left;
    return std::any_of(next.begin(), next.end(), [&](std::size_t i) {
      return ops[i].start <= first_end && place(i, held, first);
    });
  }

  bool place(std::size_t i, version held, std::size_t first) {
    auto after = step(held, ops[i]);
    if (!after)
      return false;
    placed[i] = true;
    known_left -= ops[i].end ? 1 : 0;
    if (search(*after, first))
      return true;
    placed[i] = false;
    known_left += ops[i].end ? 1 : 0;
    return false;
  }
};

std::string describe(const operation& op) {
  auto text =
    std::to_string(op.start) + ".." + (op.end ? std::to_string(*op.end) : "?") + " " + op.client;
  switch (op.what) {
  case operation::kind::read: return text + " read " + std::to_string(op.result);
  case operation::kind::write: return text + " write " + std::to_string(op.argument);
  case operation::kind::swap:
    return text + " swap " + std::to_string(op.expected) + "->" + std::to_string(op.argument)
           + (op.succeeded ? " done" : " refused");
  }
  return text;
}

bool check_key(std::vector<operation> ops, std::uint64_t max_steps, bool& decided) {
  std::stable_sort(ops.begin(), ops.end(),
                   [](const operation& a, const operation& b) { return a.start < b.start; });
  auto known =
    std::count_if(ops.begin(), ops.end(), [](const operation& op) { return op.end.has_value(); });
  key_search s{.ops = std::move(ops),
               .steps_left = max_steps,
               .known_left = static_cast<std::size_t>(known),
               .placed = {},
               .seen = {}};
  s.placed.resize(s.ops.size());
  auto good = s.search(0, 0);
  decided = good || s.steps_left > 0;
  return good;
}

} // namespace

verdict linearizable(const std::vector<operation>& history, std::uint64_t max_steps) {
  std::map<std::string, std::vector<operation>> keys;
  for (const auto& op : history)
    keys[op.key].push_back(op);
  for (auto& [key, ops] : keys) {
    // Reads without an answer say nothing.
    std::erase_if(ops,
                  [](const operation& op) { return op.what == operation::kind::read && !op.end; });
    bool decided = true;
    if (check_key(ops, max_steps, decided))
      continue;
    verdict bad{.linearizable = false, .decided = decided, .key = key, .report = {}};
    for (const auto& op : ops)
      bad.report += describe(op) + "\n";
    return bad;
  }
  return {};
}

} // namespace troupe::check
