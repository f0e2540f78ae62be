// Power cuts at every operation, and bytes that go bad: what was synced is there, or the log says
// loudly that it is damaged. TROUPE_SEEDS=N runs more.
#include "history.hpp"
#include "tests/support/memory_disk.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <iostream>

using namespace troupe;
using namespace troupe::wal;

namespace {

std::uint64_t seeds(std::uint64_t otherwise) {
  const char* text = std::getenv("TROUPE_SEEDS"); // NOLINT: one thread
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

options small(std::uint64_t spares = 1) {
  return {.directory = "log",
          .identity = {"test", member_id{7}},
          .segment_bytes = 4 * 4096,
          .spare_segments = static_cast<std::uint32_t>(spares),
          .memory_bytes = ~std::uint64_t{0}};
}

/// Runs `actions` random things; false when the power went.
bool live(history& past, log_file& log, int actions) {
  for (; actions > 0; --actions) {
    if (!past.act(log))
      return false;
  }
  return true;
}

} // namespace

TEST_CASE("log file: after a power cut at any operation it holds all that was synced, and no more "
          "than was written") {
  std::uint64_t cuts = 0;
  std::uint64_t torn = 0;
  for (std::uint64_t seed = 1; seed <= seeds(150); ++seed) {
    INFO("seed " << seed);
    auto disk = std::make_shared<memory_disk>();
    history past{seed};
    for (int life = 0; life < 6; ++life) {
      disk->fail_after(past.random().between(1, 120));
      {
        recovered was;
        auto log = log_file::open(disk, small(seed % 3), was);
        if (log) {
          REQUIRE(past.resume(state_of(was)));
          torn += was.cut_bytes > 0 ? 1 : 0;
          live(past, **log, 60);
        } else
          REQUIRE(disk->dead());
      }
      cuts += disk->dead() ? 1 : 0;
      disk->power_cut(past.random());
    }
    recovered was;
    auto log = log_file::open(disk, small(), was);
    REQUIRE_MESSAGE(log, (log ? "" : log.error().message));
    CHECK(past.resume(state_of(was)));
  }
  std::cout << cuts << " power cuts, " << torn << " torn tails\n";
  CHECK(cuts > seeds(150)); // else the test proves nothing
  CHECK(torn > seeds(150) / 4);
}

/// One history until the power goes at operation `at`, and what is found afterwards when chance
/// `cut` decides which of the unsynced sectors reached the disk. True: the history ended before.
bool cut_at(std::uint64_t at, std::uint64_t cut) {
  auto disk = std::make_shared<memory_disk>();
  history past{4711};
  disk->fail_after(at);
  bool survived = false;
  {
    recovered was;
    if (auto log = log_file::open(disk, small(), was))
      survived = live(past, **log, 150);
  }
  random_source chance{cut};
  disk->power_cut(chance);
  recovered was;
  auto log = log_file::open(disk, small(), was);
  REQUIRE_MESSAGE(log, (log ? "" : log.error().message));
  REQUIRE(past.resume(state_of(was)));
  return survived;
}

TEST_CASE("log file: a power cut at every single operation of one history, with unsynced writes "
          "lost, kept and torn") {
  for (std::uint64_t at = 1;; ++at)
    for (std::uint64_t cut = 1; cut <= seeds(12); ++cut) {
      INFO("operation " << at << ", cut " << cut);
      if (cut_at(at, cut)) {
        CHECK(at > 150);
        return;
      }
    }
}

TEST_CASE(
  "log file: a bad byte in what was synced is either harmless or reported with file and offset") {
  std::uint64_t reported = 0;
  for (std::uint64_t seed = 1; seed <= seeds(150); ++seed) {
    INFO("seed " << seed);
    auto disk = std::make_shared<memory_disk>();
    history past{seed};
    {
      recovered was;
      auto log = log_file::open(disk, small(), was);
      REQUIRE(log);
      REQUIRE(live(past, **log, 40));
      REQUIRE((*log)->close());
    }
    auto whole = disk->contents();
    for (int i = 0; i < 20; ++i) {
      auto victim = whole.begin();
      std::advance(victim, past.random().below(whole.size()));
      if (!victim->first.ends_with(".log"))
        continue;
      auto at = past.random().below(victim->second.size());
      INFO(victim->first << " byte " << at);
      disk->bytes(victim->first)[at] ^= static_cast<char>(past.random().between(1, 255));
      recovered was;
      {
        auto log = log_file::open(disk, small(), was);
        if (log) {
          CHECK(state_of(was) == past.newest());
        } else {
          ++reported;
          CHECK(log.error().reason == reason::internal);
          CHECK(log.error().message.find(".log") != std::string::npos);
        }
      }
      for (const auto& [path, bytes] : whole)
        disk->bytes(path) = bytes;
    }
  }
  CHECK(reported > seeds(150)); // else the test proves nothing
}

TEST_CASE(
  "log file: without a clean close only the last synced batch can be mistaken for a torn tail") {
  for (std::uint64_t seed = 1; seed <= seeds(150); ++seed) {
    INFO("seed " << seed);
    auto disk = std::make_shared<memory_disk>();
    history past{seed};
    {
      recovered was;
      auto log = log_file::open(disk, small(), was);
      REQUIRE(log);
      REQUIRE(live(past, **log, 40));
    }
    auto whole = disk->contents();
    for (int i = 0; i < 20; ++i) {
      auto victim = whole.begin();
      std::advance(victim, past.random().below(whole.size()));
      if (!victim->first.ends_with(".log"))
        continue;
      auto& bytes = disk->bytes(victim->first);
      auto at = past.random().below(bytes.size());
      if (past.random().chance(1, 4))
        bytes.resize(at); // a cut file
      else
        bytes[at] ^= static_cast<char>(past.random().between(1, 255));
      recovered was;
      {
        auto log = log_file::open(disk, small(), was);
        CHECK((!log || past.plausible(state_of(was), 1)));
      }
      for (const auto& [path, content] : whole)
        disk->bytes(path) = content;
    }
  }
}
