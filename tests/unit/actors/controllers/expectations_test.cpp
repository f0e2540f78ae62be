#include "actors/controllers/expectations.hpp"

#include <doctest/doctest.h>

namespace troupe::control {
namespace {

constexpr auto at = [](int seconds) { return instant{} + std::chrono::seconds{seconds}; };

TEST_CASE("expectations: a key that wrote nothing is settled") {
  expectations e;
  CHECK(e.settled("a", at(0)));
}

TEST_CASE("expectations: a key waits until its write is answered and seen") {
  expectations e;
  e.seen(of::pods, revision{5});
  e.performing("a", at(0));
  CHECK_FALSE(e.settled("a", at(1)));
  e.expect("a", of::pods, revision{9}, at(1));
  e.performed("a");
  CHECK_FALSE(e.settled("a", at(1)));
  CHECK(e.settled("b", at(1)));
  e.seen(of::pods, revision{8});
  CHECK_FALSE(e.settled("a", at(1)));
  e.seen(of::pods, revision{9});
  CHECK(e.settled("a", at(1)));
  CHECK(e.waiting() == 0);
}

TEST_CASE("expectations: what the informer has already shown is not waited for") {
  expectations e;
  e.seen(of::pods, revision{9});
  e.performing("a", at(0));
  e.expect("a", of::pods, revision{9}, at(0));
  e.performed("a");
  CHECK(e.settled("a", at(0)));
}

TEST_CASE("expectations: an informer that went silent does not stop a key for ever") {
  expectations e{60s};
  e.performing("a", at(0));
  e.expect("a", of::pods, revision{9}, at(0));
  e.performed("a");
  CHECK_FALSE(e.settled("a", at(60)));
  CHECK(e.settled("a", at(61)));
}

TEST_CASE("expectations: an older version never takes progress back") {
  expectations e;
  e.seen(of::pods, revision{10});
  e.seen(of::pods, revision{3});
  CHECK(e.seen(of::pods) == revision{10});
}

} // namespace
} // namespace troupe::control
