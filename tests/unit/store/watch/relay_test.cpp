#include "store/watch/relay_reader.hpp"
#include "tests/unit/store/watch/changes.hpp"

#include <doctest/doctest.h>

namespace troupe::store {
namespace {

constexpr stream_id fresh{};

/// "5:3=v3,4! 6:gone": who is told which revisions (4 erased its key), with values; "5^9": a mark.
std::string shown(const std::string& bytes) {
  std::string out;
  follower_id last{};
  auto name = [&](follower_id who, const char* sign) {
    out += (out.empty() ? "" : " ") + std::to_string(static_cast<std::uint64_t>(who)) + sign;
  };
  auto good = read_relayed(bytes, {.on_change =
                                     [&](follower_id who, const relayed_change& c) {
                                       if (who == last)
                                         out += ",";
                                       else
                                         name(who, ":");
                                       last = who;
                                       out += to_string(c.at);
                                       out += c.erased ? "!" : "=" + std::string{c.value};
                                     },
                                   .on_mark =
                                     [&](follower_id who, revision up_to) {
                                       name(who, "^");
                                       out += to_string(up_to);
                                     },
                                   .on_gone = [&](follower_id who) { name(who, " gone"); }});
  return good ? out : "malformed";
}

relay::joined join(relay& r, stream_id on, const char* prefix, std::optional<revision> after = {}) {
  auto out = r.follow(on, {.prefix = prefix, .after = after});
  REQUIRE(out);
  return *out;
}

} // namespace

TEST_CASE("relay: who follows the same from now on shares a feed, and each is sent all of it") {
  relay r;
  auto a = join(r, fresh, "k");
  CHECK(a.fresh);
  r.started(a.feed, revision{1});
  auto b = join(r, a.stream, "k");
  auto c = join(r, fresh, "k");
  CHECK_FALSE(b.fresh);
  CHECK(b.feed == a.feed);
  CHECK(c.stream != a.stream);
  CHECK(r.begins_at(c.feed) == revision{1});
  CHECK_FALSE(r.pending(a.stream));
  CHECK(r.add(a.feed, make_changes({"k1", "k2"}, 2), revision{3})
        == std::vector{a.stream, c.stream});
  CHECK(shown(r.take(a.stream)) == "2:2=v2,3=v3 2^3 4:2=v2,3=v3 4^3");
  CHECK(shown(r.take(c.stream)) == "6:2=v2,3=v3 6^3");
  CHECK_FALSE(r.pending(a.stream));
  CHECK(r.take(a.stream).empty());
}

TEST_CASE("relay: who joins later is sent only what comes later") {
  relay r;
  auto a = join(r, fresh, "k");
  r.started(a.feed, revision{1});
  (void)r.add(a.feed, make_changes({"k1"}, 2), revision{2});
  auto b = join(r, a.stream, "k");
  CHECK(r.begins_at(b.feed) == revision{2});
  (void)r.add(a.feed, make_changes({"k1"}, 3), revision{3});
  CHECK(shown(r.take(a.stream)) == "2:2=v2,3=v3 2^3 4:3=v3 4^3");
}

TEST_CASE("relay: other keys, or another beginning, are another feed") {
  relay r;
  auto a = join(r, fresh, "k");
  CHECK(join(r, a.stream, "l").fresh);
  CHECK(join(r, a.stream, "k", revision{7}).fresh);
  CHECK(join(r, a.stream, "k", revision{7}).fresh);
  auto exact = r.follow(a.stream, {.prefix = "k", .exact = true});
  REQUIRE(exact);
  CHECK(exact->fresh);
  CHECK_FALSE(join(r, a.stream, "k").fresh);
}

TEST_CASE("relay: an erased key is told as such, a mark when it is asked for") {
  relay r;
  auto a = join(r, fresh, "k");
  r.started(a.feed, revision{1});
  auto gone = std::make_shared<change>(*make_change("k1", 2));
  gone->before = std::exchange(gone->now, nullptr);
  (void)r.add(a.feed, std::vector<change_ptr>{gone}, revision{2});
  CHECK(shown(r.take(a.stream)) == "2:2! 2^2");
  CHECK(r.add(a.feed, {}, revision{9}).empty());
  CHECK(r.take(a.stream).empty());
  CHECK(shown(r.take(a.stream, true)) == "2^9");
  CHECK(r.take(a.stream, true).empty());
}

TEST_CASE("relay: keeps no more than it may, and who fell behind is told and forgotten") {
  relay r{1, {.feed_bytes = 2000, .answer_bytes = 1U << 20U}};
  auto slow = join(r, fresh, "k");
  r.started(slow.feed, revision{1});
  auto quick = join(r, fresh, "k");
  for (std::uint64_t i = 2; i < 1000; ++i) {
    (void)r.add(slow.feed, make_changes({"k"}, i), revision{i});
    CHECK(r.kept_bytes(slow.feed) <= 2000);
    CHECK(shown(r.take(quick.stream)).find("=v" + std::to_string(i)) != std::string::npos);
  }
  CHECK(shown(r.take(slow.stream)) == "2 gone");
  CHECK_FALSE(r.has(slow.stream));
  CHECK(r.followers() == 1);
  CHECK(r.unused().empty());
}

TEST_CASE("relay: an answer is bounded, and followers take turns") {
  relay r{1, {.answer_bytes = 40}};
  auto a = join(r, fresh, "k");
  r.started(a.feed, revision{1});
  auto b = join(r, a.stream, "k");
  (void)r.add(a.feed, make_changes({"k"}, 2), revision{2});
  (void)r.add(a.feed, make_changes({"k"}, 3), revision{3});
  (void)r.add(a.feed, make_changes({"k"}, 4), revision{4});
  std::string all;
  for (int i = 0; i < 20 && r.pending(a.stream); ++i) {
    auto part = r.take(a.stream);
    CHECK(part.size() < 60);
    all += shown(part) + "; ";
  }
  CHECK_FALSE(r.pending(a.stream));
  for (auto who : {a.who, b.who})
    for (const char* value : {"2=v2", "3=v3", "4=v4"}) {
      CAPTURE(all);
      CHECK(all.find(std::to_string(static_cast<std::uint64_t>(who)) + ":") != std::string::npos);
      CHECK(all.find(value) != std::string::npos);
    }
}

TEST_CASE("relay: a feed that broke tells its followers; feeds that nobody follows are unused") {
  relay r;
  auto a = join(r, fresh, "k");
  auto b = join(r, a.stream, "l");
  r.started(a.feed, revision{1});
  CHECK(r.lost(a.feed) == std::vector{a.stream});
  CHECK(join(r, a.stream, "k").fresh); // not the broken one
  CHECK(shown(r.take(a.stream)) == "2 gone");
  CHECK(r.unused() == std::vector{a.feed});
  r.leave(a.stream, b.who);
  CHECK(r.unused() == std::vector{b.feed});
  r.leave(a.stream, {});
  CHECK_FALSE(r.has(a.stream));
  CHECK(r.followers() == 0);
}

TEST_CASE("relay: unknown streams and too many followers are refused") {
  relay r{1, {.followers = 1}};
  auto unknown = r.follow(stream_id{77}, {.prefix = "k"});
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().reason == reason::not_found);
  auto a = join(r, fresh, "k");
  auto more = r.follow(a.stream, {.prefix = "k"});
  REQUIRE_FALSE(more);
  CHECK(more.error().reason == reason::too_many_requests);
  CHECK(r.take(stream_id{77}).empty());
  CHECK(r.add(feed_id{77}, make_changes({"k"}, 2), revision{2}).empty());
}

TEST_CASE("relay: bytes that were cut anywhere are refused") {
  relay r;
  auto a = join(r, fresh, "k");
  r.started(a.feed, revision{1});
  (void)r.add(a.feed, make_changes({"k1", "k2"}, 2), revision{3});
  auto bytes = r.take(a.stream);
  for (std::size_t n = 1; n < bytes.size(); ++n)
    CHECK(shown(bytes.substr(0, n)) == "malformed");
}

} // namespace troupe::store
