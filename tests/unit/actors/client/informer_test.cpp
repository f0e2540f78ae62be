#include "actors/client/informer.hpp"
#include "tests/support/deterministic.hpp"

#include <doctest/doctest.h>

#include <deque>

namespace troupe::client {
namespace {

/// An API server by hand: notes what it was asked, answers what the test put in.
struct scripted_api {
  std::vector<api::request> opened;
  std::deque<events> next; // handed out one by one
  std::optional<kernel::promise<events>> waiting;
  std::optional<failure> refuse_open;

  void push(events e) {
    if (waiting) {
      auto to = std::exchange(waiting, std::nullopt);
      to->answer(std::move(e));
    } else {
      next.push_back(std::move(e));
    }
  }
};
using scripted = std::shared_ptr<scripted_api>;

api_actor spawn_scripted(const kernel::place& at, const scripted& of) {
  using self_ptr = kernel::self_ptr<api_actor, kernel::stateless>;
  return kernel::spawn<api_actor, kernel::stateless>(at, [of](self_ptr self) {
    return api_actor::behavior_type{
      [](const call&) -> kernel::reply<called> {
        return kernel::to_error({.reason = reason::unavailable, .message = "no calls here"});
      },
      [of](const open_watch& m) -> kernel::reply<watch_opened> {
        of->opened.push_back(m.what);
        if (of->refuse_open)
          return kernel::to_error(*std::exchange(of->refuse_open, std::nullopt));
        return watch_opened{of->opened.size()};
      },
      [of, self](const next_events&) -> kernel::reply<events> {
        if (!of->next.empty()) {
          auto e = std::move(of->next.front());
          of->next.pop_front();
          return e;
        }
        of->waiting = self->promise<events>();
        return *of->waiting;
      },
      [](const close_watch&) {}};
  });
}

api::event event(api::event::kind what, const std::string& name, std::uint64_t version) {
  auto o = std::make_shared<api::object>();
  o->meta.name = name;
  o->meta.version = revision{version};
  return {.what = what, .of = o, .why = {}};
}
using kind = api::event::kind;

struct setting {
  deterministic time;
  scripted first = std::make_shared<scripted_api>();
  scripted second = std::make_shared<scripted_api>();
  informer_actor informer = spawn_informer(
    time.at("informer"),
    {.what = {.version = "v1", .resource = "pods"},
     .servers = {spawn_scripted(time.at("a"), first), spawn_scripted(time.at("b"), second)}});
  std::pair<informed_actor, std::shared_ptr<std::vector<informed>>> hear(const std::string& name) {
    auto out = time.listener<informed_actor, informed>(name);
    time.tell(informer, inform{out.first, {}});
    return out;
  }
  void start() {
    first->push({.list = {event(kind::added, "a", 3), event(kind::added, "b", 5),
                          event(kind::bookmark, "", 7)}});
    time.settle();
  }
};

TEST_CASE("informer: tells the whole state, then each change, then how far it is") {
  setting s;
  auto [who, heard] = s.hear("one");
  s.start();
  REQUIRE(heard->size() == 1);
  CHECK((*heard)[0].what->whole);
  CHECK((*heard)[0].what->events.size() == 2);
  CHECK((*heard)[0].what->upto == revision{7});
  s.first->push({.list = {event(kind::deleted, "a", 9)}});
  s.first->push({.list = {event(kind::bookmark, "", 12)}});
  s.time.settle();
  REQUIRE(heard->size() == 3);
  CHECK_FALSE((*heard)[1].what->whole);
  CHECK((*heard)[1].what->upto == revision{9});
  CHECK((*heard)[2].what->events.empty());
  CHECK((*heard)[2].what->upto == revision{12});
  auto [late, news] = s.hear("two");
  s.time.settle();
  REQUIRE(news->size() == 1);
  CHECK((*news)[0].what->events.size() == 1);
}

TEST_CASE("informer: goes on at the next server from the version it saw") {
  setting s;
  auto [who, heard] = s.hear("one");
  s.start();
  s.first->push({.list = {}, .ended = true});
  s.time.advance(1s);
  REQUIRE(s.second->opened.size() == 1);
  CHECK(s.second->opened[0].options.version == revision{7});
  s.second->push({.list = {event(kind::added, "c", 8)}});
  s.time.settle();
  REQUIRE(heard->size() == 2);
  CHECK_FALSE(heard->back().what->whole);
}

TEST_CASE("informer: starts over when its version is gone, and says all there is") {
  setting s;
  auto [who, heard] = s.hear("one");
  s.start();
  s.second->refuse_open = failure{.reason = reason::expired, .message = "too old"};
  s.first->push({.list = {}, .ended = true});
  s.time.advance(1s);
  REQUIRE(s.first->opened.size() == 2);
  CHECK_FALSE(s.first->opened[1].options.version);
  s.first->push({.list = {event(kind::added, "c", 20), event(kind::bookmark, "", 21)}});
  s.time.settle();
  CHECK(heard->back().what->whole);
  CHECK(heard->back().what->events.size() == 1);
}

TEST_CASE("informer: who repeats itself is told nothing twice, who restarted is told all") {
  setting s;
  auto [who, heard] = s.hear("one");
  s.start();
  s.time.tell(s.informer, inform{who, revision{7}});
  s.time.settle();
  CHECK(heard->size() == 1);
  s.time.tell(s.informer, inform{who, {}});
  s.time.settle();
  REQUIRE(heard->size() == 2);
  CHECK(heard->back().what->whole);
}

TEST_CASE("informer: a subscriber that fell silent is forgotten") {
  setting s;
  auto [dead, lost] = s.hear("dead");
  auto [alive, heard] = s.hear("alive");
  s.start();
  for (int i = 0; i < 6; ++i) {
    s.time.advance(inform_every);
    s.time.tell(s.informer, inform{alive, revision{7}});
  }
  s.time.settle();
  auto before = lost->size();
  s.first->push({.list = {event(kind::added, "c", 8)}});
  s.second->push({.list = {event(kind::added, "c", 8)}});
  s.time.settle();
  CHECK(lost->size() == before);
  CHECK(heard->size() == 2);
}

} // namespace
} // namespace troupe::client
