#include "config/base/random.hpp"
#include "tests/support/linearizability.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace troupe::check {
namespace {

using kind = operation::kind;

operation read(version found, std::uint64_t start, std::uint64_t end, std::string key = "k") {
  return {.what = kind::read, .key = std::move(key), .result = found, .start = start, .end = end};
}
operation write(version value, std::uint64_t start, std::optional<std::uint64_t> end,
                std::string key = "k") {
  return {
    .what = kind::write, .key = std::move(key), .argument = value, .start = start, .end = end};
}
operation swap(version from, version to, bool done, std::uint64_t start,
               std::optional<std::uint64_t> end) {
  return {.what = kind::swap,
          .key = "k",
          .argument = to,
          .expected = from,
          .succeeded = done,
          .start = start,
          .end = end};
}

struct row {
  const char* story;
  std::vector<operation> history;
  bool good;
};

TEST_CASE("linearizability: known histories") {
  const std::vector<row> rows = {
    {"nothing happened", {}, true},
    {"a read after a write sees it", {write(1, 0, 1), read(1, 2, 3)}, true},
    {"a lost write: the read after it finds nothing", {write(1, 0, 1), read(0, 2, 3)}, false},
    {"a stale read: after a newer value was read, an older one is",
     {write(1, 0, 1), write(2, 2, 10), read(2, 3, 4), read(1, 5, 6)},
     false},
    {"concurrent reads may see either, in the right order",
     {write(1, 0, 1), write(2, 2, 10), read(1, 3, 4), read(2, 5, 6)},
     true},
    {"a value from nowhere", {write(1, 0, 1), read(7, 2, 3)}, false},
    {"an unknown write may have happened", {write(1, 0, std::nullopt), read(1, 5, 6)}, true},
    {"an unknown write may never happen", {write(1, 0, std::nullopt), read(0, 5, 6)}, true},
    {"an unknown write happens once: seen, then unseen is wrong",
     {write(1, 0, std::nullopt), read(1, 5, 6), read(0, 7, 8)},
     false},
    {"an unknown write cannot happen before it started",
     {read(1, 0, 1), write(1, 2, std::nullopt)},
     false},
    {"two swaps from the same value cannot both succeed",
     {write(1, 0, 1), swap(1, 2, true, 2, 5), swap(1, 3, true, 3, 6)},
     false},
    {"one of two swaps is refused",
     {write(1, 0, 1), swap(1, 2, true, 2, 5), swap(1, 3, false, 3, 6)},
     true},
    {"a swap refused although nothing stood in its way",
     {write(1, 0, 1), swap(1, 2, false, 2, 3)},
     false},
    {"an acknowledged write undone by a leader change",
     {write(1, 0, 1), write(2, 2, 3), read(1, 4, 5)},
     false},
    {"an erase is a write of nothing", {write(1, 0, 1), write(0, 2, 3), read(0, 4, 5)}, true},
    {"a swap refused because an unknown write, overwritten unseen, stood in its way",
     {write(1, 0, 1), write(2, 2, std::nullopt), swap(1, 3, false, 4, 5), write(4, 6, 7),
      read(4, 8, 9)},
     true},
    {"that unknown write started after the swap was refused",
     {write(1, 0, 1), swap(1, 3, false, 4, 5), write(2, 6, std::nullopt), write(4, 6, 7),
      read(4, 8, 9)},
     false},
    {"an unknown swap happened: its value was swapped on",
     {write(1, 0, 1), swap(1, 2, true, 2, std::nullopt), swap(2, 3, true, 4, 5)},
     true},
    {"two unknown swaps from the same value cannot both have happened",
     {write(1, 0, 1), swap(1, 2, true, 2, std::nullopt), swap(1, 3, true, 2, std::nullopt),
      read(2, 4, 5), read(3, 6, 7)},
     false},
    {"an unknown write comes back after newer values were seen",
     {write(1, 0, 1), write(2, 2, std::nullopt), write(3, 4, 5), read(3, 6, 7), read(2, 8, 9)},
     true}, // it may have waited until then
    {"an unknown write comes back after itself was overwritten",
     {write(1, 0, 1), write(2, 2, std::nullopt), read(2, 3, 4), write(3, 5, 6), read(2, 8, 9)},
     false},
  };
  for (const auto& r : rows) {
    INFO(r.story);
    CHECK(linearizable(r.history).linearizable == r.good);
  }
}

TEST_CASE("linearizability: each key stands for itself, and the bad one is named") {
  auto v = linearizable(
    {write(1, 0, 1, "a"), read(1, 2, 3, "a"), write(1, 0, 1, "b"), read(0, 2, 3, "b")});
  CHECK_FALSE(v.linearizable);
  CHECK(v.key == "b");
  CHECK(v.report.find("read 0") != std::string::npos);
}

/// A history of `count` operations by `clients` overlapping clients on one real register.
std::vector<operation> real_history(random_source& random, int clients, int count) {
  std::vector<operation> out;
  std::vector<std::uint64_t> free_at(static_cast<std::size_t>(clients), 0);
  version held = 0;
  std::uint64_t now = 1;
  for (int i = 0; i < count; ++i) {
    // The effect happens at `now`; the operation spans it and its client's idle time.
    auto& free = free_at[random.below(free_at.size())];
    if (free >= now)
      now = free + 1;
    auto start = random.between(free + 1, now);
    auto end = now + random.below(8);
    operation op{.key = "k", .start = start, .end = end};
    switch (random.below(3)) {
    case 0:
      op.what = kind::read;
      op.result = held;
      break;
    case 1:
      op.what = kind::write;
      held = op.argument = static_cast<version>(i) + 1;
      break;
    default:
      op.what = kind::swap;
      op.expected = random.chance(1, 2) ? held : held + 1;
      op.argument = static_cast<version>(i) + 1;
      op.succeeded = op.expected == held;
      if (op.succeeded)
        held = op.argument;
    }
    free = end;
    ++now;
    out.push_back(op);
  }
  return out;
}

TEST_CASE("linearizability: histories of a real register pass, with one read bent they fail") {
  random_source random{42};
  for (int round = 0; round < 50; ++round) {
    auto history = real_history(random, 8, 400);
    REQUIRE(linearizable(history).linearizable);
    auto bent = std::find_if(history.begin(), history.end(), [](const operation& op) {
      return op.what == kind::read && op.start > 100;
    });
    REQUIRE(bent != history.end());
    bent->result = 1'000'000; // never written
    CHECK_FALSE(linearizable(history).linearizable);
  }
}

/// As if answers got lost: every tenth write or swap has no known end, and half of these were lost
/// themselves, if nothing later depended on them.
std::vector<operation> with_lost_answers(random_source& random, std::vector<operation> history) {
  std::vector<operation> out;
  for (auto& op : history) {
    if (op.what != kind::read && random.chance(1, 10)) {
      op.end.reset();
      out.push_back(write(1'000'000 + op.argument, op.start, std::nullopt)); // never seen
    }
    out.push_back(std::move(op));
  }
  return out;
}

TEST_CASE("linearizability: a long history with many unknown outcomes is decided") {
  random_source random{7};
  for (int round = 0; round < 3; ++round) {
    auto history = with_lost_answers(random, real_history(random, 8, 2000));
    auto good = linearizable(history, 200'000);
    CHECK(good.linearizable);
    auto is_read = [](const operation& op) { return op.what == kind::read && op.result != 0; };
    auto early = std::find_if(history.begin(), history.end(), is_read);
    auto late = std::find_if(history.rbegin(), history.rend(), is_read);
    REQUIRE((early != history.end() && late->start > 1000));
    late->result = early->result; // overwritten long ago
    auto bad = linearizable(history, 200'000);
    CHECK_FALSE(bad.linearizable);
    CHECK(bad.decided);
  }
}

} // namespace
} // namespace troupe::check
