#include "store/etcd/election.hpp"

#include <doctest/doctest.h>

using namespace troupe;
using etcd::election;
using kind = election::order::kind;

namespace {

constexpr instant start{1000s};

std::vector<kind> kinds(const election::orders& all) {
  std::vector<kind> out;
  for (const auto& o : all)
    out.push_back(o.what);
  return out;
}

/// One with lease 7 whose key "own" was created at 20.
election running(instant at = start) {
  election e;
  CHECK(kinds(e.tick(at)) == std::vector{kind::grant});
  CHECK(kinds(e.granted(etcd::lease{7, 4s}, at, at)) == std::vector{kind::campaign});
  CHECK(e.campaigned(7, true, at).empty());
  return e;
}
const std::map<revision, etcd::candidate> first{{revision{20}, {"own", "m1"}},
                                                {revision{30}, {"other", "m2"}}};
const std::map<revision, etcd::candidate> second{{revision{10}, {"other", "m2"}},
                                                 {revision{20}, {"own", "m1"}}};

} // namespace

TEST_CASE("etcd election: the oldest key leads, in the term of its creation, and once") {
  auto e = running();
  auto orders = e.seen(first, "own", start);
  REQUIRE(orders.size() == 1);
  CHECK(orders[0].what == kind::lead);
  CHECK(orders[0].term == term_id{20});
  CHECK(e.seen(first, "own", start).empty());
  CHECK(e.term() == term_id{20});
}

TEST_CASE("etcd election: who is not the oldest waits until the others are gone") {
  auto e = running();
  CHECK(e.seen(second, "own", start).empty());
  CHECK(!e.term());
  CHECK(kinds(e.seen({{revision{20}, {"own", "m1"}}}, "own", start)) == std::vector{kind::lead});
}

TEST_CASE("etcd election: a key that has not come back yet is not lost") {
  auto e = running();
  CHECK(e.seen({}, "own", start).empty());
}

TEST_CASE("etcd election: its term ends by its own clock before etcd may end the lease") {
  auto e = running();
  (void)e.seen(first, "own", start);
  CHECK(kinds(e.tick(start + 1s)) == std::vector{kind::keep});
  CHECK(e.tick(start + 2s).empty()); // the answer is under way
  CHECK(kinds(e.tick(start + 3s)) == std::vector{kind::follow, kind::revoke});
  CHECK(!e.term());
}

TEST_CASE("etcd election: an answered sign of life counts from when it was sent") {
  auto e = running();
  (void)e.seen(first, "own", start);
  (void)e.tick(start + 1s);
  CHECK(e.kept(7, etcd::lease{7, 4s}, start + 1s, start + 2500ms).empty());
  CHECK(kinds(e.tick(start + 3s)) == std::vector{kind::keep});
  CHECK(kinds(e.tick(start + 4s)) == std::vector{kind::follow, kind::revoke});
}

TEST_CASE("etcd election: a sign of life that failed is given again") {
  auto e = running();
  (void)e.tick(start + 1s);
  CHECK(e.kept(7, failure{.reason = reason::unavailable}, start + 1s, start + 1s).empty());
  CHECK(e.tick(start + 1100ms).empty());
  CHECK(kinds(e.tick(start + 1200ms)) == std::vector{kind::keep});
}

TEST_CASE("etcd election: a lease that etcd has ended ends the term, and a new one is sought") {
  auto e = running();
  (void)e.seen(first, "own", start);
  (void)e.tick(start + 1s);
  auto orders = e.kept(7, failure{.reason = reason::not_found}, start + 1s, start + 1s);
  CHECK(kinds(orders) == std::vector{kind::follow, kind::revoke});
  CHECK(e.tick(start + 1400ms).empty());
  CHECK(kinds(e.tick(start + 1500ms)) == std::vector{kind::grant});
}

TEST_CASE("etcd election: a key that was seen and is gone ends the term") {
  auto e = running();
  (void)e.seen(first, "own", start);
  CHECK(kinds(e.seen({{revision{30}, {"other", "m2"}}}, "own", start))
        == std::vector{kind::follow, kind::revoke});
}

TEST_CASE("etcd election: a campaign of unknown outcome gives its lease back") {
  election e;
  (void)e.tick(start);
  (void)e.granted(etcd::lease{7, 4s}, start, start);
  CHECK(kinds(e.campaigned(7, false, start)) == std::vector{kind::revoke});
  CHECK(e.campaigned(7, true, start).empty()); // it comes too late
}

TEST_CASE("etcd election: who leaves acts no more and does not come back") {
  auto e = running();
  (void)e.seen(first, "own", start);
  CHECK(kinds(e.leave()) == std::vector{kind::follow, kind::revoke});
  CHECK(e.tick(start + 1h).empty());
  election asking;
  (void)asking.tick(start);
  CHECK(asking.leave().empty());
  CHECK(kinds(asking.granted(etcd::lease{8, 4s}, start, start)) == std::vector{kind::revoke});
}
