// Speaking: tells, asks, promises, timers, failures, mailboxes - through a small actor of the
// tests.
#include "tests/support/deterministic.hpp"

#include <doctest/doctest.h>

using namespace troupe;
using namespace troupe::kernel;

namespace {

struct put {
  using local_only = void;
  std::string key;
};
struct count {
  using local_only = void;
};
struct counted {
  using local_only = void;
  std::size_t n = 0;
};
struct fetch { // answered when `put` of the key came
  using local_only = void;
  std::string key;
};
struct fetched {
  using local_only = void;
  std::string key;
};
struct burst {
  using local_only = void;
};
std::string traced_object(const put& m) { return "Key/" + m.key; }

using shelf_actor = caf::typed_actor< //
  proto::tell<put>,                   //
  proto::ask<count, counted>,         //
  proto::ask<fetch, fetched>,         //
  proto::tell<burst>>;

struct shelf_state {
  shelf_state() = default;
  std::vector<std::string> keys;
  std::multimap<std::string, promise<fetched>> waiting;
};

shelf_actor::behavior_type shelf(self_ptr<shelf_actor, shelf_state> self) {
  return {
    [self](const put& m) {
      self->state.keys.push_back(m.key);
      if (auto w = self->state.waiting.extract(m.key))
        w.mapped().answer(fetched{m.key});
    },
    [self](const count&) -> reply<counted> {
      if (self->state.keys.empty())
        return answer(failure{.reason = reason::not_found, .message = "the shelf is empty"});
      return counted{self->state.keys.size()};
    },
    [self](const fetch& m) -> reply<fetched> {
      auto later = self->promise<fetched>();
      self->state.waiting.emplace(m.key, later);
      return later;
    },
    [](const burst&) { throw std::runtime_error("the shelf broke"); },
  };
}

shelf_actor spawn_shelf(const place& at) { return spawn<shelf_actor, shelf_state>(at, shelf); }

// One that asks the shelf and keeps what it heard.
struct begin {
  using local_only = void;
  duration deadline;
};
using asker_actor = caf::typed_actor<proto::tell<begin>>;

struct note_book {
  std::vector<std::string> lines;
};

asker_actor spawn_asker(const place& at, shelf_actor whom, std::shared_ptr<note_book> notes) {
  return spawn<asker_actor, stateless>(
    at, [whom, notes](self_ptr<asker_actor, stateless> self) -> asker_actor::behavior_type {
      return {[self, whom, notes](const begin& m) {
        self->ask(whom, fetch{"k"}, m.deadline).then([notes](result<fetched> r) {
          notes->lines.push_back(r ? r->key : std::string{status_reason(r.error().reason)});
        });
      }};
    });
}

} // namespace

TEST_CASE("actor: an ask is answered by a value or by the failure that the handler returned") {
  deterministic world;
  auto shelf = spawn_shelf(world.at("shelf"));
  auto empty = world.ask<counted>(shelf, count{});
  REQUIRE_FALSE(empty);
  CHECK(empty.error() == failure{.reason = reason::not_found, .message = "the shelf is empty"});
  world.tell(shelf, put{"a"});
  world.tell(shelf, put{"b"});
  CHECK(world.ask<counted>(shelf, count{})->n == 2);
}

TEST_CASE("actor: a promise is answered later, while other messages are handled") {
  deterministic world;
  auto notes = std::make_shared<note_book>();
  auto shelf = spawn_shelf(world.at("shelf"));
  auto asker = spawn_asker(world.at("asker"), shelf, notes);
  world.tell(asker, begin{1min});
  world.settle();
  CHECK(notes->lines.empty());
  world.tell(shelf, put{"other"});
  world.tell(shelf, put{"k"});
  world.settle();
  CHECK(notes->lines == std::vector<std::string>{"k"});
  world.advance(2min);
  CHECK(notes->lines.size() == 1); // its deadline has no effect any more
}

TEST_CASE("actor: an ask without an answer fails at its deadline, not before") {
  deterministic world;
  auto notes = std::make_shared<note_book>();
  auto asker = spawn_asker(world.at("asker"), spawn_shelf(world.at("shelf")), notes);
  world.tell(asker, begin{5s});
  world.tell(asker, begin{2s});
  world.advance(1999ms);
  CHECK(notes->lines.empty());
  world.advance(2ms);
  CHECK(notes->lines == std::vector<std::string>{"Timeout"});
  world.advance(3s);
  CHECK(notes->lines == std::vector<std::string>{"Timeout", "Timeout"});
}

TEST_CASE("actor: the death of the one asked answers its open promises unavailable") {
  deterministic world;
  auto notes = std::make_shared<note_book>();
  auto shelf = spawn_shelf(world.at("shelf"));
  auto asker = spawn_asker(world.at("asker"), shelf, notes);
  world.tell(asker, begin{1min});
  world.settle();
  REQUIRE(world.process->kill("shelf"));
  world.settle();
  CHECK(notes->lines == std::vector<std::string>{"ServiceUnavailable"});
  world.tell(asker, begin{1min});
  world.settle();
  CHECK(notes->lines == std::vector<std::string>{"ServiceUnavailable", "ServiceUnavailable"});
}

TEST_CASE("actor: a null handle answers unavailable") {
  deterministic world;
  auto notes = std::make_shared<note_book>();
  auto asker = spawn_asker(world.at("asker"), {}, notes);
  world.tell(asker, begin{1min});
  world.settle();
  CHECK(notes->lines == std::vector<std::string>{"ServiceUnavailable"});
}

TEST_CASE("actor: asks to a full mailbox are answered too_many_requests, tells are kept") {
  deterministic world;
  auto notes = std::make_shared<note_book>();
  auto shelf = spawn_shelf(world.at("shelf").with_mailbox(4));
  auto asker = spawn_asker(world.at("asker"), shelf, notes);
  world.settle();
  for (int i = 0; i < 8; ++i)
    world.tell(shelf, put{std::to_string(i)});
  auto waiting = world.process->actors();
  CHECK(waiting.at(1).path == "shelf");
  CHECK(waiting.at(1).mailbox == 8);
  auto full = world.world.ask<counted>(shelf, count{});
  REQUIRE_FALSE(full);
  CHECK(full.error().reason == reason::too_many_requests);
  world.settle();
  CHECK(world.ask<counted>(shelf, count{})->n == 8);
}

TEST_CASE("actor: a message that is not understood ends nobody") {
  deterministic world;
  auto shelf = spawn_shelf(world.at("shelf"));
  caf::actor_cast<caf::abstract_actor*>(shelf)->enqueue(
    caf::make_mailbox_element(nullptr, caf::message_id{}, {}, counted{1}), nullptr);
  world.settle();
  world.tell(shelf, put{"a"});
  CHECK(world.ask<counted>(shelf, count{})->n == 1);
}

TEST_CASE("actor: an exception ends it, and its text is what its watchers hear") {
  deterministic world;
  auto shelf = spawn_shelf(world.at("shelf"));
  auto why = std::make_shared<failure>();
  caf::actor_cast<caf::abstract_actor*>(shelf)->attach_functor(
    [why](const caf::error& e) { *why = to_failure(e); });
  world.tell(shelf, burst{});
  world.settle();
  CHECK(*why == failure{.reason = reason::internal, .message = "the shelf broke"});
  CHECK(world.process->actors().empty());
}

TEST_CASE("trace: a message's cause, sender, object and outcome are recorded") {
  deterministic world;
  auto notes = std::make_shared<note_book>();
  auto shelf = spawn_shelf(world.at("shelf"));
  auto asker = spawn_asker(world.at("asker"), shelf, notes);
  world.tell(asker, begin{1min});
  world.settle();
  world.tell(shelf, put{"k"});
  world.settle();
  world.tell(shelf, burst{});
  world.settle();
  auto events = world.process->tracer().snapshot();
  auto find = [&](std::string_view type) {
    for (auto& e : events)
      if (e.type.ends_with(type))
        return e;
    FAIL("no event of type ", type);
    return events[0];
  };
  auto order = find("begin");
  auto question = find("fetch");
  auto stored = find("put");
  auto given = find("fetched");
  CHECK(order.causes.empty());
  CHECK(question.causes == std::vector{order.id});
  CHECK(question.sender == "asker");
  CHECK(question.receiver == "shelf");
  CHECK(stored.object == "Key/k");
  CHECK(given.causes == std::vector{stored.id}); // the put made it be answered
  CHECK(given.sender == "shelf");
  CHECK(find("burst").outcome == trace::outcome::error);
  CHECK(world.process->tracer().snapshot({.object = "Key/k"}).size() == 1);
  CHECK(world.process->tracer().snapshot({.path = "asker"}).size() == 3);
}

TEST_CASE("trace: following gives each event once, and a lost cause is lost") {
  deterministic world;
  auto notes = std::make_shared<note_book>();
  auto shelf = spawn_shelf(world.at("shelf"));
  auto asker = spawn_asker(world.at("asker"), shelf, notes);
  auto& tracer = world.process->tracer();
  world.tell(shelf, put{"a"});
  world.settle();
  auto first = tracer.follow(0);
  CHECK(first.events.size() == 1);
  tracer.lose_causes_into("shelf");
  world.tell(asker, begin{1min});
  world.settle();
  auto second = tracer.follow(first.next);
  REQUIRE(second.events.size() == 2);
  CHECK(second.events[1].type.ends_with("fetch"));
  CHECK(second.events[1].causes.empty()); // begin told it, and that was lost
  CHECK(tracer.follow(second.next).events.empty());
  world.tell(shelf, put{"k"});
  world.settle();
  auto third = tracer.follow(second.next);
  REQUIRE(third.events.size() == 2);
  CHECK(third.events[1].causes == std::vector{third.events[0].id}); // not into the asker
}

TEST_CASE("trace: what an actor does first is caused by what made it be spawned") {
  deterministic world;
  auto shelf = spawn_shelf(world.at("shelf"));
  auto child = [shelf](self_ptr<asker_actor, stateless> self) -> asker_actor::behavior_type {
    self->tell(shelf, put{"born"});
    return {[](const begin&) {}};
  };
  auto parent = spawn<asker_actor, stateless>(
    world.at("parent"), [child](self_ptr<asker_actor, stateless> self) {
      return asker_actor::behavior_type{[self, child](const begin&) {
        spawn<asker_actor, stateless>(self->place().child("child"), child);
      }};
    });
  world.tell(parent, begin{1min});
  world.settle();
  auto events = world.process->tracer().snapshot();
  REQUIRE(events.size() == 2);
  CHECK(events[1].object == "Key/born");
  CHECK(events[1].causes == std::vector{events[0].id});
}
