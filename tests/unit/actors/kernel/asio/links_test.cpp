// Links over TCP with the actors at both ends: who is handled on the links' thread, and what
// becomes of that when the links stop.
#include "actors/kernel/actor.hpp"
#include "actors/kernel/asio/transport.hpp"
#include "actors/kernel/clock.hpp"
#include "actors/kernel/links.hpp"
#include "actors/kernel/outside.hpp"
#include "config/pki/cluster.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <doctest/doctest.h>

#include <thread>

namespace troupe::kernel {
namespace {

struct add_up {
  std::uint64_t number = 0;
};
template <class F> auto inspect(F& f, add_up& m) { return f(m.number); }
struct sum {
  std::uint64_t so_far = 0;
  std::uint64_t threads = 0; // that have handled its questions
};
template <class F> auto inspect(F& f, sum& m) { return f(m.so_far, m.threads); }
using adder_actor = caf::typed_actor<proto::ask<add_up, sum>>;

struct adder_state {
  adder_state() = default;
  std::uint64_t so_far = 0;
  std::set<std::thread::id> threads;
};

adder_actor spawn_adder(const place& at) {
  return spawn<adder_actor, adder_state>(
    at, [](self_ptr<adder_actor, adder_state> self) -> adder_actor::behavior_type {
      return {[self](const add_up& m) -> reply<sum> {
        auto& s = self->state;
        s.threads.insert(std::this_thread::get_id());
        return sum{s.so_far += m.number, s.threads.size()};
      }};
    });
}

message_types types() {
  message_types out;
  out.add<add_up>("test.add_up");
  out.add<sum>("test.sum");
  return out;
}

instant now() { return std::chrono::time_point_cast<duration>(std::chrono::system_clock::now()); }

const pki::authority& ca() {
  static const auto made = *pki::authority::generate("kubernetes", now());
  return made;
}

struct configuration : caf::actor_system_config {
  configuration() { configure(*this, 2); }
};

struct party {
  explicit party(const std::string& name)
      : own(process::make(system, {.who = {name, role::master}, .seed = 1, .trace_bytes = 1 << 16},
                          make_system_clock()))
      , joined(std::make_unique<links>(
          own, types(),
          make_asio_transport({.credential = *ca().issue(pki::master_subject(name), now()),
                               .ca_pem = ca().cert().to_pem()}))) {}
  ~party() {
    joined.reset();
    own->crash();
  }
  configuration with;
  caf::actor_system system{with};
  process_ptr own;
  std::unique_ptr<links> joined;
};

/// Until it is answered: the link may not stand yet.
result<sum> ask_patiently(const party& from, const adder_actor& whom) {
  for (auto end = std::chrono::steady_clock::now() + 10s;;) {
    auto told = ask_and_wait(from.own, whom, add_up{1}, 10s);
    if (told || told.error().reason != reason::unavailable
        || std::chrono::steady_clock::now() > end)
      return told;
    std::this_thread::yield();
  }
}

} // namespace

TEST_CASE("links over tcp: one that is dialled before the links start is linked with") {
  party m0{"m0"};
  party m1{"m1"};
  REQUIRE(m1.joined->start(endpoint{"127.0.0.1", 0}));
  m1.joined->offer(
    portal{"adder", spawn_adder({.process = m1.own, .path = "adder"})}.accept<add_up>(
      {role::master}));
  m0.joined->dial({"m1", role::master}, *m1.joined->listening());
  REQUIRE(m0.joined->start(std::nullopt));
  auto far = m0.joined->import <adder_actor>("m1", "adder");
  CHECK(ask_patiently(m0, far).has_value());
}

TEST_CASE("links over tcp: an actor at home there is handled on one thread, whoever asks") {
  party m0{"m0"};
  party m1{"m1"};
  auto near = spawn_adder(place{.process = m1.own, .path = "near"}.with_home(m1.joined->home()));
  m1.joined->offer(portal{"near", near}.accept<add_up>({role::master}));
  REQUIRE(m1.joined->start(endpoint{"127.0.0.1", 0}));
  REQUIRE(m0.joined->start(std::nullopt));
  m0.joined->dial({"m1", role::master}, *m1.joined->listening());
  auto far = m0.joined->import <adder_actor>("m1", "near");
  REQUIRE(ask_patiently(m0, far));
  constexpr std::uint64_t rounds = 500;
  std::vector<std::thread> askers; // over the link and in the process, at once
  std::atomic<std::uint64_t> failed{0};
  for (int i = 0; i < 2; ++i) {
    askers.emplace_back([&] {
      for (std::uint64_t n = 0; n < rounds; ++n)
        failed += ask_and_wait(m0.own, far, add_up{1}, 10s) ? 0 : 1;
    });
    askers.emplace_back([&] {
      for (std::uint64_t n = 0; n < rounds; ++n)
        failed += ask_and_wait(m1.own, near, add_up{1}, 10s) ? 0 : 1;
    });
  }
  for (auto& a : askers)
    a.join();
  CHECK(failed == 0);
  auto last = ask_and_wait(m1.own, near, add_up{0}, 10s);
  REQUIRE(last);
  CHECK(last->so_far == 1 + 4 * rounds);
  CHECK(last->threads == 1);
}

TEST_CASE("links over tcp: when they stop, who was at home there lives on, and can be ended") {
  party m0{"m0"};
  auto near = spawn_adder(place{.process = m0.own, .path = "near"}.with_home(m0.joined->home()));
  REQUIRE(m0.joined->start(std::nullopt));
  REQUIRE(ask_and_wait(m0.own, near, add_up{1}, 10s));
  std::thread asker{[&] { // while they stop
    for (int n = 0; n < 1000; ++n)
      CHECK(ask_and_wait(m0.own, near, add_up{1}, 10s).has_value());
  }};
  m0.joined->stop();
  asker.join();
  auto last = ask_and_wait(m0.own, near, add_up{0}, 10s);
  REQUIRE(last);
  CHECK(last->so_far == 1001);
  REQUIRE(m0.own->kill("near"));
  while (ask_and_wait(m0.own, near, add_up{0}, 10s))
    std::this_thread::yield();
}

} // namespace troupe::kernel
