#include "actors/storage/raw_watch.hpp"
#include "peaceful.hpp"
#include "store/watch/relay_reader.hpp"

#include <doctest/doctest.h>

using namespace troupe;
using namespace troupe::sim;

namespace {

/// A client of the portal, and what its followers were told: "1:k1 2:k1".
struct client {
  client(peaceful& in, std::size_t at)
      : p(in)
      , watch(storage::spawn_raw_watch(
          {.process = p.c.members[at].now->process, .path = "watch-under-test"}, p.hub(at))) {}

  result<storage::raw_followed> follow(std::uint64_t stream, const std::string& prefix,
                                       revision after = {}) {
    return p.world().ask<storage::raw_followed>(
      watch, storage::follow_raw{.stream = stream, .prefix = prefix, .after = after}, 20s);
  }
  result<std::string> next(std::uint64_t stream, std::uint32_t wait_ms = 1000) {
    auto r = p.world().ask<storage::raw_changes>(
      watch, storage::next_raw{.stream = stream, .wait_ms = wait_ms, .gather_ms = 5}, 20s);
    if (!r)
      return std::move(r).error();
    std::string out;
    auto name = [](store::follower_id who) {
      return std::to_string(static_cast<std::uint64_t>(who) & 0xffffffffU);
    };
    auto good = store::read_relayed(
      r->what,
      {.on_change =
         [&](store::follower_id who, const store::relayed_change& c) {
           out += (out.empty() ? "" : " ") + name(who) + ":" + std::string{c.key};
         },
       .on_mark = {},
       .on_gone =
         [&](store::follower_id who) { out += (out.empty() ? "" : " ") + name(who) + " gone"; }});
    CHECK(good);
    return out;
  }

  peaceful& p;
  storage::raw_watch_actor watch;
};

std::string name_of(std::uint64_t follower) { return std::to_string(follower & 0xffffffffU); }

} // namespace

TEST_CASE("raw watch: every follower of a stream gets each change once, through any master") {
  peaceful p{3};
  REQUIRE(p.led());
  client at{p, p.follower()};
  auto a = at.follow(0, "k");
  REQUIRE(a);
  auto b = at.follow(a->stream, "k");
  auto c = at.follow(a->stream, "k2");
  REQUIRE(b);
  REQUIRE(c);
  CHECK(b->stream == a->stream);
  REQUIRE(p.write(*p.leader(), "k1", "v"));
  REQUIRE(p.write(*p.leader(), "k2", "v"));
  REQUIRE(p.write(*p.leader(), "other", "v"));
  std::string all;
  for (int i = 0; i < 5; ++i)
    if (auto part = at.next(a->stream); part && !part->empty())
      all += *part + " ";
  auto count = [&](const std::string& what) {
    std::size_t n = 0;
    for (auto from = all.find(what); from != std::string::npos; from = all.find(what, from + 1))
      ++n;
    return n;
  };
  CAPTURE(all);
  CHECK(count(name_of(a->follower) + ":k1 ") == 1);
  CHECK(count(name_of(a->follower) + ":k2 ") == 1);
  CHECK(count(name_of(b->follower) + ":k1 ") == 1);
  CHECK(count(name_of(b->follower) + ":k2 ") == 1);
  CHECK(count(name_of(c->follower) + ":k2 ") == 1);
  CHECK(count("k1") == 2);
  CHECK(count("other") == 0);
}

TEST_CASE("raw watch: begins where it is told to, also in the past") {
  peaceful p{1};
  REQUIRE(p.led());
  client at{p, 0};
  auto first = p.write(0, "k1", "v");
  REQUIRE(first);
  REQUIRE(p.write(0, "k2", "v"));
  auto a = at.follow(0, "k", first->what.last);
  REQUIRE(a);
  CHECK(a->at == first->what.last);
  auto got = at.next(a->stream);
  REQUIRE(got);
  CHECK(*got == name_of(a->follower) + ":k2");
}

TEST_CASE("raw watch: a question waits no longer than it says, and is answered by nothing") {
  peaceful p{1};
  REQUIRE(p.led());
  client at{p, 0};
  auto a = at.follow(0, "k");
  REQUIRE(a);
  auto before = p.world().now();
  auto got = at.next(a->stream, 2000);
  REQUIRE(got);
  CHECK(got->empty());
  CHECK(p.world().now() - before >= 2s);
  CHECK(p.world().now() - before < 3s);
}

TEST_CASE("raw watch: a stream that is not asked about, or was left, is gone") {
  peaceful p{1};
  REQUIRE(p.led());
  client at{p, 0};
  auto a = at.follow(0, "k");
  auto b = at.follow(0, "k");
  REQUIRE(a);
  REQUIRE(b);
  kernel::tell(at.watch, storage::unfollow_raw{.stream = a->stream, .follower = 0});
  p.world().advance(10ms);
  auto left = at.next(a->stream);
  REQUIRE_FALSE(left);
  CHECK(left.error().reason == reason::gone);
  REQUIRE(at.next(b->stream, 10));
  p.world().advance(100s);
  auto late = at.next(b->stream);
  REQUIRE_FALSE(late);
  CHECK(late.error().reason == reason::gone);
  CHECK_FALSE(at.follow(b->stream, "k"));
}

TEST_CASE("raw watch: the hub's death is told to the followers") {
  peaceful p{1};
  REQUIRE(p.led());
  client at{p, 0};
  auto a = at.follow(0, "k");
  REQUIRE(a);
  REQUIRE(p.c.members[0].now->process->kill("hub"));
  p.world().advance(2s);
  REQUIRE(p.write(0, "k1", "v"));
  auto got = at.next(a->stream, 60'000);
  REQUIRE(got);
  CHECK(*got == name_of(a->follower) + " gone");
}
