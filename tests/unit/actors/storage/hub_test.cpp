#include "peaceful.hpp"

#include <doctest/doctest.h>

using namespace troupe;
using namespace troupe::sim;

namespace {

result<std::uint64_t> follow(peaceful& p, std::size_t at, std::optional<revision> after) {
  auto f = p.world().ask<storage::followed>(
    p.hub(at), storage::follow{.prefix = "k", .exact = false, .after = after}, 10s);
  if (!f)
    return std::move(f).error();
  return f->subscription;
}

} // namespace

TEST_CASE("watch hub: a follower of any master sees each change once and in order") {
  peaceful p{3};
  REQUIRE(p.led());
  auto other = p.follower();
  auto s = follow(p, other, std::nullopt);
  REQUIRE(s);
  std::vector<std::string> seen;
  for (int i = 0; i < 20; ++i)
    REQUIRE(p.write(*p.leader(), "k" + std::to_string(i), "v"));
  while (seen.size() < 20) {
    auto got = p.world().ask<storage::changes>(p.hub(other), storage::next_changes{*s, 1s});
    REQUIRE(got);
    REQUIRE(!got->list.empty());
    for (const auto& c : got->list)
      seen.push_back(c->key());
  }
  for (int i = 0; i < 20; ++i)
    CHECK(seen[static_cast<std::size_t>(i)] == "k" + std::to_string(i));
}

TEST_CASE("watch hub: started again it goes on where its follower was") {
  peaceful p{1};
  REQUIRE(p.led());
  auto first = p.write(0, "k1", "v");
  REQUIRE(first);
  auto old = follow(p, 0, std::nullopt);
  REQUIRE(old);
  REQUIRE(p.c.members[0].now->process->kill("hub"));
  p.world().advance(2s);
  REQUIRE(p.write(0, "k2", "v"));
  auto s = follow(p, 0, first->what.last);
  REQUIRE(s);
  auto got = p.world().ask<storage::changes>(p.hub(0), storage::next_changes{*s, 1s});
  REQUIRE(got);
  REQUIRE(got->list.size() == 1);
  CHECK(got->list.front()->key() == "k2");
}

TEST_CASE("watch hub: a subscription of the hub before is gone, not somebody else's") {
  peaceful p{1};
  REQUIRE(p.led());
  auto old = follow(p, 0, std::nullopt);
  REQUIRE(old);
  REQUIRE(p.c.members[0].now->process->kill("hub"));
  p.world().advance(2s);
  REQUIRE(follow(p, 0, std::nullopt));
  auto got = p.world().ask<storage::changes>(p.hub(0), storage::next_changes{*old, 100ms});
  REQUIRE(!got);
  CHECK(got.error().reason == reason::gone);
}
