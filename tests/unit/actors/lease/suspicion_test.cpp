#include "actors/lease/suspicion.hpp"

#include <doctest/doctest.h>

namespace troupe::lease {
namespace {

constexpr auto at(int ms) { return instant{} + 1h + std::chrono::milliseconds{ms}; }
using names = std::set<std::string>;
constexpr member_id a{1}, b{2};

suspicion three_masters(std::size_t nodes) {
  suspicion s;
  s.sizes(3, nodes);
  return s;
}

TEST_CASE("suspicion: takes a majority of the masters, and one of them takes it back") {
  auto s = three_masters(10);
  s.lost(a, "n", at(0));
  CHECK(s.suspects().empty());
  s.lost(a, "n", at(1)); // the same master twice is one vote
  CHECK(s.suspects().empty());
  s.lost(b, "n", at(2));
  CHECK(s.suspects() == names{"n"});
  s.found(a, "n");
  CHECK(s.suspects().empty());
}

TEST_CASE("suspicion: votes of a master that is gone do not count") {
  auto s = three_masters(10);
  s.lost(a, "n", at(0));
  s.lost(b, "n", at(0));
  s.drop_master(b);
  CHECK(s.suspects().empty());
}

TEST_CASE("suspicion: many nodes at once are not believed, a single one always is") {
  auto s = three_masters(6);
  for (auto name : {"n1", "n2"}) {
    s.lost(a, name, at(0));
    s.lost(b, name, at(10));
  }
  CHECK(s.suspects() == names{"n1", "n2"}); // a third is not more than a third
  s.lost(a, "n3", at(20));
  s.lost(b, "n3", at(30));
  CHECK(s.suspects().empty());
  s.lost(a, "n4", at(10'000)); // much later, alone
  s.lost(b, "n4", at(10'000));
  CHECK(s.suspects() == names{"n4"});
  s.found(a, "n1"); // excused nodes that come back may be suspected again
  s.lost(a, "n1", at(60'000));
  CHECK(s.suspects() == names{"n1", "n4"});
}

TEST_CASE("suspicion: in a cluster of two one lost node is suspect") {
  auto s = three_masters(2);
  s.lost(a, "n1", at(0));
  s.lost(b, "n1", at(0));
  CHECK(s.suspects() == names{"n1"});
}

TEST_CASE("suspicion: is suspended for two seconds after a leader change") {
  auto s = three_masters(3);
  s.leader_changed(at(0));
  CHECK(s.suspended(at(1999)));
  CHECK_FALSE(s.suspended(at(2000)));
  CHECK(s.resumes() == at(2000));
}

} // namespace
} // namespace troupe::lease
