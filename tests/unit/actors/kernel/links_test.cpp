// Links over the simulated network: typed handles, refusals, failures, credit, faults.
#include "actors/kernel/frame.hpp"
#include "actors/kernel/inspect.hpp"
#include "actors/kernel/links.hpp"
#include "actors/kernel/simulated_network.hpp"
#include "actors/kernel/stable.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace troupe;
using namespace troupe::kernel;

namespace {

struct say {
  std::string text;
};
template <class F> auto inspect(F& f, say& m) { return f(m.text); }
struct recall {
  std::uint32_t at = 0;
};
template <class F> auto inspect(F& f, recall& m) { return f(m.at); }
struct recalled {
  std::string text;
  std::string by;
};
template <class F> auto inspect(F& f, recalled& m) { return f(m.text, m.by); }
struct secret {};
template <class F> auto inspect(F& f, secret&) { return f(); }
using echo_actor = caf::typed_actor< //
  proto::tell<say>,                  //
  proto::ask<recall, recalled>,      //
  proto::tell<secret>>;

struct echo_state {
  echo_state() = default;
  std::vector<std::string> said;
};

echo_actor spawn_echo(const place& at, std::shared_ptr<std::vector<std::string>> log = {}) {
  return spawn<echo_actor, echo_state>(
    at, [log](self_ptr<echo_actor, echo_state> self) -> echo_actor::behavior_type {
      return {
        [self, log](const say& m) {
          self->state.said.push_back(m.text);
          if (log)
            log->push_back(m.text);
        },
        [self](const recall& m) -> reply<recalled> {
          if (m.at >= self->state.said.size())
            return answer(failure{.reason = reason::not_found, .message = "nothing was said"});
          auto peer = current_peer(*self);
          return recalled{self->state.said[m.at], peer ? peer->name : "nobody"};
        },
        [](const secret&) { throw std::runtime_error("the secret was told"); },
      };
    });
}

message_types types() {
  message_types out;
  out.add<say>("test.say");
  out.add<recall>("test.recall");
  out.add<recalled>("test.recalled");
  out.add<secret>("test.secret");
  return out;
}

struct node {
  node(simulation& world, simulated_network& network, identity who)
      : process(world.add({.who = who}))
      , links(std::make_unique<kernel::links>(process, types(), network.attach(process))) {}
  process_ptr process;
  std::unique_ptr<kernel::links> links;
};

const identity m0{"m0", role::master};
const identity m1{"m1", role::master};
const identity n0{"n0", role::node};

struct ears final : link_listener {
  void on_up(link_id link, const identity&) override { up = link; }
  void on_frame(link_id, lane, std::string) override {}
  void on_writable(link_id, lane) override {}
  void on_down(link_id, const failure&) override { down = true; }
  link_id up{};
  bool down = false;
};

struct cluster {
  explicit cluster(std::uint64_t seed = 1) : world(seed), network(world) {
    for (const auto& who : {m0, m1, n0})
      nodes.push_back(std::make_unique<node>(world, network, who));
    log = std::make_shared<std::vector<std::string>>();
    echo = spawn_echo({.process = nodes[0]->process, .path = "echo"}, log);
    nodes[0]->links->offer(portal{"echo", echo}
                             .accept<say>({role::master, role::node})
                             .accept<recall>({role::master, role::node})
                             .accept<secret>({role::master}));
    for (auto& n : nodes)
      REQUIRE(n->links->start(endpoint{n->process->name(), 1}));
    nodes[2]->links->dial(m0, {"m0", 1});
    nodes[1]->links->dial(m0, {"m0", 1}); // the larger name: m0 has to dial
    nodes[0]->links->dial(m1, {"m1", 1});
    far = nodes[2]->links->import <echo_actor>("m0", "echo");
  }
  ~cluster() {
    for (auto& n : nodes)
      n->links.reset();
  }
  bool up(std::size_t at, std::string_view peer) {
    for (const auto& s : nodes[at]->links->status())
      if (s.peer.name == peer)
        return s.up;
    return false;
  }
  link_status status(std::size_t at, std::string_view peer) {
    for (const auto& s : nodes[at]->links->status())
      if (s.peer.name == peer)
        return s;
    return {};
  }
  simulation world;
  simulated_network network;
  std::vector<std::unique_ptr<node>> nodes;
  std::shared_ptr<std::vector<std::string>> log;
  echo_actor echo;
  echo_actor far; // echo, seen from n0
};

} // namespace

TEST_CASE("links: a portal is told and asked as if it were here, and knows who speaks") {
  cluster c;
  c.world.advance(1s);
  CHECK(c.up(2, "m0"));
  CHECK(c.up(0, "n0"));
  CHECK(c.up(0, "m1"));
  tell(c.far, say{"hello"});
  c.world.advance(10ms);
  auto r = c.world.ask<recalled>(c.far, recall{0});
  REQUIRE(r);
  CHECK(r->text == "hello");
  CHECK(r->by == "n0");
  auto missing = c.world.ask<recalled>(c.far, recall{7});
  REQUIRE_FALSE(missing);
  CHECK(missing.error() == failure{.reason = reason::not_found, .message = "nothing was said"});
}

TEST_CASE("links: a process imports its own portals too") {
  cluster c;
  auto own = c.nodes[0]->links->import <echo_actor>("m0", "echo");
  tell(own, say{"self"});
  CHECK(c.world.ask<recalled>(own, recall{0})->by == "nobody");
}

TEST_CASE("links: what a role may not say is refused and counted, and the link stands") {
  cluster c;
  c.world.advance(1s);
  tell(c.far, secret{}); // n0 is a node
  c.world.advance(10ms);
  CHECK(c.status(0, "n0").refused == 1);
  CHECK(c.up(0, "n0"));
  auto nowhere = c.nodes[2]->links->import <echo_actor>("m0", "cellar");
  auto r = c.world.ask<recalled>(nowhere, recall{0});
  REQUIRE_FALSE(r);
  CHECK(r.error().reason == reason::not_found);
  CHECK(c.status(0, "n0").refused == 2);
  auto master = c.nodes[1]->links->import <echo_actor>("m0", "echo");
  tell(master, secret{}); // m1 is a master: it arrives, and ends the echo
  c.world.advance(10ms);
  CHECK(c.status(0, "m1").refused == 0);
  CHECK(c.world.ask<recalled>(c.far, recall{0}).error().reason == reason::unavailable);
}

TEST_CASE("links: without a link asks are answered unavailable at once") {
  cluster c;
  c.network.partition({"n0"}, {"m0"});
  auto before = c.world.now();
  auto r = c.world.ask<recalled>(c.far, recall{0});
  REQUIRE_FALSE(r);
  CHECK(r.error().reason == reason::unavailable);
  CHECK(c.world.now() == before);
}

TEST_CASE("links: asks under way when the link breaks are answered timeout, at once") {
  cluster c;
  c.world.advance(1s);
  c.network.slow("m0", "n0", 1min); // the answer
  result<recalled> r{recalled{}};
  c.world.after(5ms, [&] { c.network.reset("m0", "n0"); });
  auto before = c.world.now();
  r = c.world.ask<recalled>(c.far, recall{0}, 30s);
  REQUIRE_FALSE(r);
  CHECK(r.error().reason == reason::timeout);
  CHECK(r.error().message.find("broke") != std::string::npos);
  CHECK(c.world.now() - before < 2s);
}

TEST_CASE("links: a silent peer is lost within the time, and found again after the heal") {
  cluster c;
  c.world.advance(1s);
  c.network.cut("n0", "m0"); // one way
  auto before = c.world.now();
  REQUIRE(c.world.run_until([&] { return !c.up(0, "n0"); }, 10s));
  CHECK(c.world.now() - before <= 1400ms); // lost_after and a heartbeat
  c.network.heal_all();
  CHECK(c.world.run_until([&] { return c.up(0, "n0") && c.up(2, "m0"); }, 5s));
  tell(c.far, say{"again"});
  c.world.advance(10ms);
  CHECK(c.log->back() == "again");
}

TEST_CASE("links: nothing is lost without need: an idle hour is one link") {
  cluster c;
  c.world.advance(1h);
  CHECK(c.up(0, "n0"));
  CHECK(c.nodes[0]->process->now() - c.status(0, "n0").since > 59min);
}

TEST_CASE("links: tells arrive in order and never more than the credit allows are under way") {
  cluster c;
  c.world.advance(1s);
  for (int i = 0; i < 1000; ++i)
    tell(c.far, say{std::to_string(i)});
  c.world.advance(1s);
  REQUIRE(c.log->size() == 1000);
  for (int i = 0; i < 1000; ++i)
    CHECK((*c.log)[static_cast<std::size_t>(i)] == std::to_string(i));
  CHECK(c.status(2, "m0").dropped_tells == 0);
}

TEST_CASE("links: tells beyond the credit and the keep are dropped and counted") {
  cluster c;
  c.world.advance(1s);
  c.network.cut("m0", "n0"); // no grants
  for (int i = 0; i < 3000; ++i)
    tell(c.far, say{"x"});
  CHECK(c.status(2, "m0").dropped_tells == 3000 - tell_window - 1024);
  c.world.advance(500ms);
  CHECK(c.log->size() == tell_window);
}

TEST_CASE("links: a message of more than a frame is refused") {
  cluster c;
  c.world.advance(1s);
  tell(c.far, say{std::string(max_frame, 'x')});
  c.world.advance(1s);
  CHECK(c.log->empty());
  CHECK(c.status(2, "m0").dropped_tells == 1);
  tell(c.far, say{std::string(max_frame - 1000, 'x')});
  c.world.advance(1s);
  CHECK(c.log->size() == 1);
}

TEST_CASE("links: subscribers hear of ups and downs") {
  cluster c;
  auto lines = std::make_shared<std::vector<std::string>>();
  auto watcher = spawn<link_subscriber, stateless>(
    {.process = c.nodes[0]->process, .path = "watcher"},
    [lines](self_ptr<link_subscriber, stateless>) -> link_subscriber::behavior_type {
      return {[lines](const link_up& m) { lines->push_back("up " + m.peer.name); },
              [lines](const link_down& m) { lines->push_back("down " + m.peer.name); }};
    });
  c.world.advance(1s);
  c.nodes[0]->links->subscribe(watcher);
  c.world.settle();
  CHECK(*lines == std::vector<std::string>{"up m1", "up n0"});
  lines->clear();
  c.world.crash(c.nodes[2]->process);
  c.network.unplug("n0");
  c.world.advance(10ms);
  CHECK(*lines == std::vector<std::string>{"down n0"});
}

TEST_CASE("links: the cause of a message travels with it") {
  cluster c;
  c.world.advance(1s);
  using starter_actor = caf::typed_actor<proto::tell<secret>>;
  auto starter = spawn<starter_actor, stateless>(
    {.process = c.nodes[2]->process, .path = "starter"},
    [&c](self_ptr<starter_actor, stateless> self) -> starter_actor::behavior_type {
      return {[self, far = c.far](const secret&) { self->tell(far, say{"caused"}); }};
    });
  tell(starter, secret{});
  c.world.advance(10ms);
  auto begun = c.nodes[2]->process->tracer().snapshot({.path = "starter"});
  auto heard = c.nodes[0]->process->tracer().snapshot({.path = "echo"});
  REQUIRE(begun.size() == 1);
  REQUIRE(heard.size() == 1);
  CHECK(heard[0].causes == std::vector{begun[0].id});
  CHECK(heard[0].process == "m0");
}

TEST_CASE("links: a malformed frame ends the link, another link is not touched") {
  cluster c;
  c.world.advance(1s);
  auto stranger = c.world.add({.who = {"x", role::node}});
  auto cable = c.network.attach(stranger);
  ears heard;
  REQUIRE(cable->start(heard, std::nullopt));
  for (const std::string& bytes : {std::string{"\x01\x00 nonsense", 10}, std::string{}}) {
    heard = {};
    cable->connect({"m0", 1}, m0);
    REQUIRE(c.world.run_until([&] { return heard.up != link_id{}; }, 1s));
    cable->send(heard.up, lane::control, std::string{bytes});
    c.world.advance(10ms);
    CHECK(heard.down);
  }
  auto head = encode_head({.what = frame::kind::tell, .portal = "echo", .type = "test.recall"});
  heard = {};
  cable->connect({"m0", 1}, m0);
  REQUIRE(c.world.run_until([&] { return heard.up != link_id{}; }, 1s));
  cable->send(heard.up, lane::control, head + "too long for a recall");
  c.world.advance(10ms);
  CHECK(heard.down);
  CHECK(c.up(0, "n0"));
  cable->stop();
}

TEST_CASE("links: telling more than the credit allows ends the link") {
  cluster c;
  auto stranger = c.world.add({.who = {"x", role::node}});
  auto cable = c.network.attach(stranger);
  ears heard;
  REQUIRE(cable->start(heard, std::nullopt));
  cable->connect({"m0", 1}, m0);
  REQUIRE(c.world.run_until([&] { return heard.up != link_id{}; }, 1s));
  stable<echo_actor> asleep{c.nodes[0]->process}; // nothing is handled there
  c.nodes[0]->links->offer(portal{"asleep", asleep.handle()}.accept<say>({role::node}));
  auto known = types();
  auto tell_it = [&](std::string_view where) {
    auto bytes = encode_head({.what = frame::kind::tell, .portal = where, .type = "test.say"});
    REQUIRE(known.encode(caf::make_message(say{"x"}), bytes));
    cable->send(heard.up, lane::control, std::move(bytes));
  };
  for (std::uint32_t i = 0; i < 3 * tell_window; ++i)
    tell_it("nowhere"); // what is refused gives its credit back
  for (std::uint32_t i = 0; i < tell_window; ++i)
    tell_it("asleep");
  c.world.advance(10ms);
  CHECK_FALSE(heard.down);
  tell_it("asleep");
  c.world.advance(10ms);
  CHECK(heard.down);
  cable->stop();
}

TEST_CASE("links: a process that was cut off and came back is linked again") {
  cluster c;
  c.world.advance(1s);
  c.world.crash(c.nodes[2]->process);
  c.network.unplug("n0");
  c.nodes[2]->links.reset();
  REQUIRE(c.world.run_until([&] { return !c.up(0, "n0"); }, 1s));
  c.nodes[2] = std::make_unique<node>(c.world, c.network, n0);
  REQUIRE(c.nodes[2]->links->start(std::nullopt));
  c.nodes[2]->links->dial(m0, {"m0", 1});
  REQUIRE(c.world.run_until([&] { return c.up(0, "n0") && c.up(2, "m0"); }, 1s));
  auto again = c.nodes[2]->links->import <echo_actor>("m0", "echo");
  tell(again, say{"back"});
  CHECK(c.world.ask<recalled>(again, recall{0})->text == "back");
}

TEST_CASE("links: a peer that cannot be reached is dialled again and again, but not more often") {
  cluster c;
  c.nodes[2]->links->dial({"m8", role::master}, {"m8", 1}); // two that never answer
  c.nodes[2]->links->dial({"m9", role::master}, {"m9", 1});
  c.world.advance(10s);
  auto before = c.world.handled();
  c.world.advance(1min);
  // Per second: 5 beats of three keepers, a look or two for each dial, pings of four ends.
  CHECK(c.world.handled() - before < 60 * (5 * 3 + 2 * 4 + 5));
  c.nodes[2]->links->hang_up("m0");
  c.world.advance(1s);
  CHECK_FALSE(c.up(2, "m0"));
}

TEST_CASE("links: the same seed gives the same world, another one another") {
  auto run = [](std::uint64_t seed) {
    cluster c{seed};
    for (int i = 0; i < 50; ++i) {
      c.world.advance(duration{c.world.random().below(20'000'000)});
      tell(c.far, say{std::to_string(i)});
      if (c.world.random().chance(1, 10))
        c.network.reset("m0", "n0");
    }
    c.world.advance(5s);
    return std::pair{c.world.hash(), c.world.handled()};
  };
  for (std::uint64_t seed = 1; seed <= 5; ++seed)
    CHECK(run(seed) == run(seed));
  CHECK(run(1) != run(2));
}
