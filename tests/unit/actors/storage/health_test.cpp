#include "actors/storage/health.hpp"
#include "peaceful.hpp"

#include <doctest/doctest.h>

using namespace troupe;
using namespace troupe::sim;

namespace {

constexpr std::uint64_t mib = 1U << 20;

/// Disks whose free space is what the test says.
struct filling : peaceful {
  using peaceful::peaceful;
  void all_full(bool full) {
    for (auto& m : c.members)
      full_disk(m, full);
  }
  static void full_disk(member& m, bool full) {
    m.disk->set_full(full);
    m.rows->fill_disk(full);
  }
  result<storage::transacted> erase(std::size_t at, const std::string& key) {
    storage::transact out;
    out.what.then = {{.what = store::operation::kind::erase, .key = key, .value = {}}};
    return c.world.ask<storage::transacted>(replica(at), out, 20s);
  }
  /// What this master has, however old.
  std::string read_here(std::size_t at, const std::string& key) {
    storage::get_view here{.how = storage::get_view::freshness::any, .at = {}};
    auto v = c.world.ask<storage::viewed>(replica(at), here, 20s);
    auto record = v ? v->of->get(key) : nullptr;
    return record ? *record->value : std::string{};
  }
  /// Refused at once, and what it says.
  std::string refusal(std::size_t at) {
    auto before = c.world.now();
    auto w = write(at, "refused", "1");
    CHECK(!w);
    CHECK(c.world.now() - before < 1s);
    if (w)
      return {};
    CHECK(w.error().reason == reason::storage_full);
    return w.error().message;
  }
};

} // namespace

TEST_CASE("health: below the reserve is too full, and a quarter more ends it") {
  using storage::too_full;
  storage::disk_facts d{.free_bytes = 100 * mib, .reserve_bytes = 100 * mib};
  CHECK_FALSE(too_full(d, false));
  d.free_bytes = 99 * mib;
  CHECK(too_full(d, false));
  d.free_bytes = 124 * mib;
  CHECK(too_full(d, true));
  d.free_bytes = 125 * mib;
  CHECK_FALSE(too_full(d, true));
  for (bool before : {false, true}) {
    CHECK(too_full({.free_bytes = 1000 * mib, .log_refused = true}, before));
    CHECK(too_full({.free_bytes = 1000 * mib, .rows_refused = true}, before));
    CHECK_FALSE(too_full({}, before));
  }
}

TEST_CASE("health: with no room left writes are refused, reads go on, and it ends by itself") {
  filling p{3};
  REQUIRE(p.led());
  REQUIRE(p.write(0, "a", "1"));
  p.world().advance(1s);
  p.all_full(true);
  // The first that finds no room waits in the log; its outcome is known when there is some.
  auto leads = *p.leader();
  std::optional<result<storage::transacted>> first;
  ask(p.world(), p.replica(leads), peaceful::put("first", "1"), 60s,
      [&](const result<storage::transacted>& r) { first = r; });
  p.world().advance(2s);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(p.refusal(i).find("the store is read-only: the disk of m") == 0);
    CHECK(p.read_here(i, "a") == "1");
  }
  p.world().advance(30s);
  CHECK(p.read_here(0, "a") == "1");
  p.all_full(false);
  p.world().advance(3s);
  REQUIRE(first);
  CHECK(*first);
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(p.write(i, "a", "2" + std::to_string(i)));
  CHECK(p.read(0, "a") == "22");
  p.world().advance(1s);
  CHECK(p.state(0) == p.state(1));
  CHECK(p.state(1) == p.state(2));
  CHECK(p.seen.clean());
}

TEST_CASE("health: a follower's full disk holds nobody up, and it catches up") {
  filling p{3};
  REQUIRE(p.led());
  p.world().advance(1s);
  auto full = p.follower();
  auto leads = *p.leader();
  filling::full_disk(p.c.members[full], true);
  for (int i = 0; i < 50; ++i)
    REQUIRE(p.write(leads, "k" + std::to_string(i), std::string(1000, 'x')));
  p.world().advance(5s);
  CHECK(p.leader() == leads);
  CHECK(p.applied(full) < p.applied(leads));
  filling::full_disk(p.c.members[full], false);
  p.world().advance(5s);
  CHECK(p.state(full) == p.state(leads));
  CHECK(p.seen.clean());
}

TEST_CASE("health: a leader without room hands over to one that has some") {
  filling p{3};
  REQUIRE(p.led());
  REQUIRE(p.write(0, "a", "1"));
  p.world().advance(2s);
  auto full = *p.leader();
  filling::full_disk(p.c.members[full], true);
  ask(p.world(), p.replica(full), peaceful::put("b", "1"), 60s, // finds no room
      [](const result<storage::transacted>&) {});
  p.world().advance(5s);
  REQUIRE(p.led());
  auto leads = *p.leader();
  CHECK(leads != full);
  for (int i = 0; i < 20; ++i)
    REQUIRE(p.write(leads, "c" + std::to_string(i), "1"));
  filling::full_disk(p.c.members[full], false);
  p.world().advance(5s);
  CHECK(p.state(full) == p.state(leads));
  CHECK(p.leader() == leads);
  CHECK(p.seen.clean());
}

TEST_CASE("health: below the reserve nothing grows, deletions pass, and it ends by itself") {
  auto o = peaceful::calm(3);
  o.disk_reserve = 100 * mib;
  filling p{o};
  REQUIRE(p.led());
  REQUIRE(p.write(0, "a", "1"));
  REQUIRE(p.write(0, "b", "1"));
  auto free = [&](std::uint64_t bytes) {
    for (auto& m : p.c.members)
      m.disk->set_free(bytes);
    p.world().advance(3s);
  };
  free(40 * mib);
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(p.refusal(i).find("has 40 MiB left, less than storeReserve (100 MiB)")
          != std::string::npos);
  CHECK(p.read(1, "a") == "1");
  for (std::size_t i = 0; i < 2; ++i) // through the leader and through another one
    CHECK(p.erase((*p.leader() + i) % 3, i == 0 ? "a" : "b"));
  CHECK(p.read(1, "a").empty());
  free(110 * mib);
  p.refusal(0);
  free(130 * mib);
  CHECK(p.write(0, "c", "1"));
  CHECK(p.seen.clean());
}
