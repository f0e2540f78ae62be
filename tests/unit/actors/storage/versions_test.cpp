#include "peaceful.hpp"

#include <doctest/doctest.h>

using namespace troupe;
using namespace troupe::sim;

namespace {

/// Masters of which some decode commands of a version that does not exist yet.
struct mixed : peaceful {
  using peaceful::peaceful;

  void speak(std::size_t at, std::uint32_t version) {
    c.members[at].speaks = version;
    c.crash(at, crash_kind::kill, 10ms);
    REQUIRE(c.world.run_until([&] { return c.up(at); }, 5s));
    REQUIRE(led());
    c.world.advance(3s); // it announces
  }
  std::uint32_t agreed() {
    std::vector<member_id> all;
    for (const auto& m : c.members)
      all.push_back(storage::member_of(m.name));
    const auto& state = *c.members[*leader()].now->state;
    return store::agreed_version(state.facts(), all, state.speaks());
  }
  void writes_through_each(const std::string& value) {
    for (std::size_t i = 0; i < c.members.size(); ++i) {
      auto key = "k" + std::to_string(i);
      REQUIRE(write(i, key, value));
      CHECK(read(i, key) == value);
    }
    c.world.advance(1s);
    for (std::size_t i = 1; i < c.members.size(); ++i)
      CHECK(state(i) == state(0));
  }
};

} // namespace

TEST_CASE("versions: every member announces what it decodes, once") {
  mixed p{3};
  REQUIRE(p.led());
  p.world().advance(3s);
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& versions = p.c.members[i].now->state->facts().versions;
    CHECK(versions.size() == 3);
    for (const auto& [who, newest] : versions)
      CHECK(newest == store::newest_command_version);
  }
  auto before = p.applied(0);
  p.world().advance(10s);
  CHECK(p.applied(0) == before);
}

TEST_CASE("versions: a newer one is proposed only when all voters decode it, and nobody diverges") {
  mixed p{3};
  REQUIRE(p.led());
  p.world().advance(3s);
  for (std::size_t i = 0; i < 3; ++i) { // a rolling upgrade
    CHECK(p.agreed() == 1);
    p.writes_through_each("old" + std::to_string(i));
    p.speak(i, 2);
  }
  CHECK(p.agreed() == 2);
  p.writes_through_each("new");
  CHECK(p.seen.clean());
}

TEST_CASE("versions: one that is removed is forgotten") {
  mixed p{3};
  REQUIRE(p.led());
  p.world().advance(3s);
  auto leads = *p.leader();
  auto gone = (leads + 1) % 3;
  auto peer =
    caf::actor_cast<storage::peer_actor>(p.c.members[leads].now->replica.slot().address());
  REQUIRE(p.world().ask<storage::member_removed>(
    peer, storage::remove_member{p.c.members[gone].name, false}, 20s));
  p.world().advance(5s);
  const auto& versions = p.c.members[leads].now->state->facts().versions;
  CHECK(versions.size() == 2);
  CHECK(!versions.contains(storage::member_of(p.c.members[gone].name)));
}
