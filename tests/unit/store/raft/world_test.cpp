// Properties of the core in the hostile world. TROUPE_SEEDS=N runs N seeds, TROUPE_SEED=S only one.
#include "world.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <iostream>

using namespace troupe;
using namespace troupe::raft;

namespace {

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name); // NOLINT: one thread
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// What went wrong; empty for nothing.
std::string weather_report(world& w) {
  try {
    w.storm(1000);
    w.calm();
    return "";
  } catch (const violation& v) {
    return v.what();
  } catch (const broken_invariant& v) {
    return std::string{"invariant: "} + v.what();
  }
}

/// The first seed of `limit` that finds the bug; 0 for none.
std::uint64_t found_by(const mutants& bugs, std::uint64_t limit) {
  for (std::uint64_t seed = 1; seed <= limit; ++seed) {
    world w{seed, bugs, true};
    if (auto what = weather_report(w); !what.empty()) {
      std::cout << "found by seed " << seed << ": " << what << '\n';
      return seed;
    }
  }
  return 0;
}

} // namespace

TEST_CASE("group: keeps all promises of Raft in any weather, and makes progress in calm") {
  auto only = setting("TROUPE_SEED", 0);
  auto seeds = setting("TROUPE_SEEDS", 60);
  std::uint64_t committed = 0;
  std::uint64_t installed = 0;
  std::uint64_t reads = 0;
  std::uint64_t elections = 0;
  for (auto seed = only ? only : 1; seed <= (only ? only : seeds); ++seed) {
    INFO("repeat with TROUPE_SEED=" << seed);
    world w{seed, {}, seed % 2 == 0};
    CHECK(weather_report(w) == "");
    committed += w.committed();
    installed += w.snapshots_installed();
    reads += w.reads_answered();
    elections += w.elections();
  }
  std::cout << committed << " entries, " << elections << " elections, " << reads << " reads, "
            << installed << " snapshots\n";
  if (!only) { // else the world is not hostile, and the test proves nothing
    CHECK(committed > 20 * seeds);
    CHECK(elections > 5 * seeds);
    CHECK(reads > 10 * seeds);
    CHECK(installed > seeds / 4);
  }
}

TEST_CASE("group: each deliberate bug is found within 400 seeds") {
  CHECK(found_by({.acknowledge_before_sync = true}, 400) > 0);
  CHECK(found_by({.commit_older_term_by_counting = true}, 400) > 0);
  CHECK(found_by({.vote_twice_after_restart = true}, 400) > 0);
  CHECK(found_by({.skip_read_index_round = true}, 400) > 0);
}
