#include "netd/balancer/check.hpp"
#include "netd/balancer/choice.hpp"

#include <doctest/doctest.h>

#include <map>

namespace troupe::balancer {
namespace {

const backend_address a{"10.0.0.1", 6443};
const backend_address b{"10.0.0.2", 6443};
const backend_address c{"10.0.0.3", 6443};

choice of(std::vector<backend_address> all) {
  choice out;
  out.set(all);
  return out;
}

TEST_CASE("choice: backends that are equal get their turn one after the other") {
  auto all = of({a, b, c});
  for (const auto& one : {a, b, c})
    all.checked(one, true);
  std::map<std::string, int> firsts;
  for (int i = 0; i < 30; ++i)
    ++firsts[all.order().front().address];
  CHECK(firsts == std::map<std::string, int>{{a.address, 10}, {b.address, 10}, {c.address, 10}});
}

TEST_CASE("choice: the one with the fewest connections comes first") {
  auto all = of({a, b, c});
  for (const auto& one : {a, b, c})
    all.checked(one, true);
  for (const auto& one : {a, a, b, c, c, c})
    all.opened(one);
  CHECK(all.order() == std::vector{b, a, c});
  all.closed(c);
  all.closed(c);
  all.closed(c);
  CHECK(all.order() == std::vector{c, b, a});
}

TEST_CASE("choice: who is up comes before who is not known, and that before who is down") {
  auto all = of({a, b, c});
  CHECK(all.checked(a, false));
  CHECK(all.checked(c, true));
  for (int i = 0; i < 5; ++i) {
    all.opened(c);
    CHECK(all.order() == std::vector{c, b, a});
  }
}

TEST_CASE(
  "choice: a refused connection marks down at once, a good check up again; changes are told once") {
  auto all = of({a, b});
  CHECK(all.checked(a, true));
  CHECK(!all.checked(a, true));
  CHECK(all.refused(a));
  CHECK(!all.refused(a));
  CHECK(all.order() == std::vector{b, a});
  CHECK(all.checked(a, true));
  CHECK(all.order() == std::vector{a, b});
}

TEST_CASE("choice: backends that stay keep what is known of them; what is gone is ignored") {
  auto all = of({a, b});
  all.checked(a, true);
  all.opened(a);
  all.set({c, a});
  CHECK(all.all() == std::vector<choice::backend>{{c, health::unknown, 0}, {a, health::up, 1}});
  CHECK(!all.checked(b, true));
  all.closed(b);
  all.set({});
  CHECK(all.order().empty());
}

TEST_CASE("check: an answer counts when it is whole") {
  CHECK(answer_code("") == 0);
  CHECK(answer_code("HTT") == 0);
  CHECK(answer_code("SSH-2.0") == -1);
  CHECK(answer_code("HTTP/1.1 200 OK\r\n") == 0);
  CHECK(answer_code("HTTP/1.1 200 OK\r\n\r\n") == 200);
  CHECK(answer_code("HTTP/1.1 200 OK\r\ncontent-LENGTH: 2\r\n\r\no") == 0);
  CHECK(answer_code("HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nok") == 503);
  CHECK(answer_code("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n") == -1);
  CHECK(answer_code("HTTP/1.1 200 OK\r\n" + std::string(70000, 'x')) == -1);
}

} // namespace
} // namespace troupe::balancer
