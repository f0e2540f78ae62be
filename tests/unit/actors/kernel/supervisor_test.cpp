// The supervisor, stable handles and the leader scope, wired.
#include "actors/kernel/scope.hpp"
#include "tests/support/deterministic.hpp"

#include <caf/send.hpp>
#include <doctest/doctest.h>

#include <algorithm>

using namespace troupe;
using namespace troupe::kernel;

namespace {

struct crash {
  using local_only = void;
  std::string why;
};
struct who {
  using local_only = void;
};
struct me {
  using local_only = void;
  std::uint32_t incarnation = 0;
  std::uint64_t asked = 0;
  std::string last_death;
  std::optional<term_id> fence;
};
using worker_actor = caf::typed_actor<proto::tell<crash>, proto::ask<who, me>>;

struct diary {
  std::vector<std::string> lines;
};
using diary_ptr = std::shared_ptr<diary>;

struct worker_state {
  worker_state() = default;
  ~worker_state() {
    if (lines)
      lines->lines.push_back("end " + path);
  }
  std::uint64_t asked = 0;
  diary_ptr lines;
  std::string path;
};

worker_actor spawn_worker(const place& at, const diary_ptr& lines) {
  return spawn<worker_actor, worker_state>(
    at, [lines](self_ptr<worker_actor, worker_state> self) -> worker_actor::behavior_type {
      self->state.lines = lines;
      self->state.path = self->path();
      lines->lines.push_back("begin " + self->path());
      return {
        [](const crash& m) { throw std::runtime_error(m.why); },
        [self](const who&) -> reply<me> {
          const auto& here = self->place();
          return me{here.incarnation, ++self->state.asked, here.last_death, self->fence()};
        },
      };
    });
}

spawn_function worker(const diary_ptr& lines) {
  return [lines](const place& at) { return spawn_worker(at, lines); };
}

struct setting {
  setting() : lines(std::make_shared<diary>()), a(world.process), b(world.process) {}
  tree two(strategy how = strategy::one_for_one) {
    return {.children = {{"a", restart::always, worker(lines), a.slot()},
                         {"b", restart::always, worker(lines), b.slot()}},
            .strategy = how};
  }
  result<me> ask(const stable<worker_actor>& w) { return world.ask<me>(w.handle(), who{}); }
  deterministic world;
  diary_ptr lines;
  stable<worker_actor> a, b;
};

} // namespace

TEST_CASE("supervisor: a handle made before its actor survives the actor's deaths") {
  setting s;
  s.world.tell(s.a.handle(), crash{"first"}); // waits for the first incarnation
  auto root = spawn_supervisor(s.world.at(""), s.two());
  s.world.advance(1s);
  auto now = s.ask(s.a);
  REQUIRE(now);
  CHECK(now->incarnation == 2);
  CHECK(now->last_death == "first");
  CHECK(s.ask(s.b)->incarnation == 1);
  auto actors = s.world.process->actors();
  REQUIRE(actors.size() == 3);
  CHECK(actors[1].path == "a");
  CHECK(actors[1].restarts == 1);
}

TEST_CASE("supervisor: an ask while its actor is being restarted is answered by the next one") {
  setting s;
  auto root = spawn_supervisor(s.world.at(""), s.two());
  s.world.settle();
  s.world.tell(s.a.handle(), crash{"x"});
  s.world.settle();
  CHECK(s.ask(s.a)->incarnation == 2);
}

TEST_CASE("supervisor: a handle waits from its actor's death on, before the supervisor has heard") {
  deterministic world;
  auto lines = std::make_shared<diary>();
  stable<worker_actor> handle{world.process};
  auto first = spawn_worker(world.at("w"), lines);
  handle.slot().bind(caf::actor_cast<caf::strong_actor_ptr>(first));
  REQUIRE(world.process->kill("w"));
  world.settle();
  world.tell(handle.handle(), crash{"kept"});
  CHECK(handle.slot().waiting() == 1);
  handle.slot().bind(caf::actor_cast<caf::strong_actor_ptr>(first)); // dead: nobody gets it
  CHECK(handle.slot().waiting() == 0);
}

TEST_CASE("supervisor: asks to a child that ended for good are refused, not kept") {
  setting s;
  auto root = spawn_supervisor(
    s.world.at(""), {.children = {{"once", restart::on_failure, worker(s.lines), s.a.slot()}}});
  s.world.settle();
  caf::anon_send_exit(s.a.handle(), caf::exit_reason::user_shutdown);
  s.world.settle();
  auto before = s.world.now();
  CHECK(s.ask(s.a).error().reason == reason::unavailable);
  CHECK(s.world.now() == before);
}

TEST_CASE("supervisor: a kill by path destroys the state") {
  setting s;
  auto root = spawn_supervisor(s.world.at(""), s.two());
  s.world.settle();
  CHECK(s.ask(s.b)->asked == 1);
  CHECK(s.ask(s.b)->asked == 2);
  REQUIRE(s.world.process->kill("b"));
  s.world.advance(1s);
  CHECK(s.ask(s.b)->asked == 1);
  CHECK_FALSE(s.world.process->kill("nobody"));
}

TEST_CASE("supervisor: an ordered stop ends the last first, refuses and answers") {
  setting s;
  auto root = spawn_supervisor(s.world.at(""), s.two());
  s.world.settle();
  s.lines->lines.clear();
  CHECK(s.world.ask<done>(root, stop_tree{}));
  CHECK(s.lines->lines == std::vector<std::string>{"end b", "end a"});
  CHECK(s.world.process->actors().empty());
  auto late = s.ask(s.a);
  REQUIRE_FALSE(late);
  CHECK(late.error().reason == reason::unavailable);
}

TEST_CASE("supervisor: one_for_all and subtrees are replaced as a whole") {
  setting s;
  stable<worker_actor> inner{s.world.process};
  tree below{.children = {{"c", restart::always, worker(s.lines), inner.slot()}}};
  auto t = s.two(strategy::one_for_all);
  t.children.push_back({"sub", restart::always, subtree(below)});
  auto root = spawn_supervisor(s.world.at(""), t);
  s.world.settle();
  s.lines->lines.clear();
  s.world.tell(s.a.handle(), crash{"x"});
  s.world.advance(1s);
  auto& lines = s.lines->lines;
  REQUIRE(lines.size() == 6);
  std::sort(lines.begin() + 3, lines.end()); // each begins with its own first message
  CHECK(lines
        == std::vector<std::string>{"end a", "end sub/c", "end b", "begin a", "begin b",
                                    "begin sub/c"});
}

TEST_CASE("supervisor: the death of a subtree takes everything below it along") {
  setting s;
  stable<worker_actor> inner{s.world.process};
  tree below{.children = {{"c", restart::always, worker(s.lines), inner.slot()}}};
  auto root =
    spawn_supervisor(s.world.at(""), {.children = {{"sub", restart::always, subtree(below)}}});
  s.world.settle();
  s.lines->lines.clear();
  REQUIRE(s.world.process->kill("sub"));
  s.world.advance(1s);
  CHECK(s.lines->lines == std::vector<std::string>{"end sub/c", "begin sub/c"});
  CHECK(s.ask(inner)->incarnation == 1); // a new supervisor counts anew
}

TEST_CASE("supervisor: giving up escalates, and at the root it is fatal") {
  setting s;
  std::vector<std::string> fatal;
  s.world.process->on_fatal([&](const std::string& path, const failure& why) {
    fatal.push_back(path + ": " + why.message);
  });
  tree below{.children = {{"c", restart::always,
                           [](const place&) -> spawned { throw std::runtime_error("no disk"); }}},
             .tolerance = {.deaths = 2, .within = 30s}};
  auto root =
    spawn_supervisor(s.world.at(""), {.children = {{"sub", restart::always, subtree(below)}},
                                      .tolerance = {.deaths = 1, .within = 30s}});
  s.world.advance(10s);
  REQUIRE(fatal.size() == 1);
  CHECK(fatal[0].find("no disk") != std::string::npos);
  CHECK(s.world.process->actors().empty());
}

TEST_CASE("supervisor: the failure of a restart::never child is fatal to the process") {
  setting s;
  std::vector<std::string> fatal;
  s.world.process->on_fatal([&](const std::string& path, const failure& why) {
    fatal.push_back(path + ": " + why.message);
  });
  auto root = spawn_supervisor(
    s.world.at(""), {.children = {{"raft", restart::never, worker(s.lines), s.a.slot()}}});
  s.world.tell(s.a.handle(), crash{"rot in the log"});
  s.world.settle();
  CHECK(fatal == std::vector<std::string>{"raft: rot in the log"});
}

TEST_CASE("supervisor: one that nobody watches over takes its process with it when it is killed") {
  setting s;
  std::vector<std::string> fatal;
  s.world.process->on_fatal(
    [&](const std::string& path, const failure&) { fatal.push_back(path); });
  auto root = spawn_supervisor(s.world.at("links"), s.two());
  auto stopped = spawn_supervisor(s.world.at("others"), s.two());
  s.world.settle();
  REQUIRE(s.world.ask<done>(stopped, stop_tree{}));
  CHECK(fatal.empty());
  REQUIRE(s.world.process->kill("links"));
  s.world.settle();
  CHECK(fatal == std::vector<std::string>{"links"});
}

TEST_CASE("supervisor: children come and go at run time") {
  setting s;
  auto root = spawn_supervisor(s.world.at("pods"), {});
  s.world.tell(root, add_child{{"p1", restart::on_failure, worker(s.lines), s.a.slot()}});
  s.world.tell(root, add_child{{"p1", restart::on_failure, worker(s.lines)}}); // taken
  s.world.settle();
  CHECK(s.world.process->actors().size() == 2);
  CHECK(s.ask(s.a)->incarnation == 1);
  s.world.tell(root, remove_child{"p1"});
  s.world.settle();
  CHECK(s.world.process->actors().size() == 1);
  CHECK(s.ask(s.a).error().reason == reason::unavailable);
}

TEST_CASE("leader scope: children live only while it leads, with the term as their fence") {
  setting s;
  auto scope = spawn_leader_scope(s.world.at("leader"), s.two());
  s.world.settle();
  CHECK(s.lines->lines.empty());
  s.world.tell(scope, leading{term_id{7}});
  s.world.advance(10ms);
  CHECK(s.ask(s.a)->fence == term_id{7});
  s.world.tell(scope, following{});
  s.world.settle();
  CHECK(s.lines->lines.size() == 4); // two began, two ended
  CHECK(s.ask(s.a).error().reason == reason::unavailable);
  s.world.tell(scope, leading{term_id{9}});
  s.world.advance(10ms);
  CHECK(s.ask(s.b)->fence == term_id{9});
}

TEST_CASE("leader scope: the next term begins only after the last child of the old one ended") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    setting s;
    s.world.world.random() = random_source{seed};
    auto scope = spawn_leader_scope(s.world.at("leader"), s.two());
    s.world.tell(scope, leading{term_id{1}});
    for (std::uint64_t term = 2; term < 6; ++term) {
      s.world.advance(duration{s.world.world.random().below(3'000'000)});
      s.world.tell(scope, leading{term_id{term}});
    }
    s.world.advance(1s);
    int living = 0;
    bool ending = false; // a term's end has begun
    for (const auto& line : s.lines->lines) {
      auto begins = line.starts_with("begin");
      CHECK_FALSE((begins && ending));
      living += begins ? 1 : -1;
      ending = !begins && living > 0;
    }
    CHECK(living == 2);
    CHECK(s.ask(s.a)->fence == term_id{5});
  }
}

TEST_CASE("leader scope: after stepping down no handler of a child runs, whatever waits") {
  setting s;
  auto scope = spawn_leader_scope(s.world.at("leader"), s.two());
  s.world.tell(scope, leading{term_id{1}});
  s.world.advance(10ms);
  auto before = s.world.process->tracer().snapshot({.path = "leader/a"}).size();
  for (int i = 0; i < 10; ++i)
    s.world.tell(s.a.handle(), crash{"must not run"});
  s.world.tell(scope, following{});
  // Whatever order the seed draws, at most what came before the scope's message is handled.
  s.world.settle();
  auto after = s.world.process->tracer().snapshot({.path = "leader/a"});
  for (std::size_t i = before; i < after.size(); ++i)
    CHECK((after[i].type == "exit" || after[i].outcome == trace::outcome::error));
  CHECK(s.ask(s.a).error().reason == reason::unavailable);
}

TEST_CASE("leader scope: killed while leading, it leads again") {
  setting s;
  stable<scope_actor> scope{s.world.process};
  auto root = spawn_supervisor(
    s.world.at(""),
    {.children = {{"leader", restart::always, leader_scope(s.two()), scope.slot()}}});
  s.world.tell(scope.handle(), leading{term_id{3}});
  s.world.advance(10ms);
  CHECK(s.ask(s.a)->fence == term_id{3});
  REQUIRE(s.world.process->kill("leader"));
  s.world.advance(1s);
  CHECK(s.ask(s.a)->fence == term_id{3});
  int living = 0;
  for (const auto& line : s.lines->lines) {
    living += line.starts_with("begin") ? 1 : -1;
    CHECK(living <= 2);
  }
}

TEST_CASE(
  "supervisor: an actor that throws before it has a behaviour is restarted like any other") {
  setting s;
  auto fail_twice = std::make_shared<int>(2);
  auto root = spawn_supervisor(
    s.world.at(""),
    {.children = {{"late", restart::always,
                   [fail_twice, lines = s.lines](const place& at) {
                     return spawn<worker_actor, worker_state>(
                       at,
                       [fail_twice](
                         self_ptr<worker_actor, worker_state> self) -> worker_actor::behavior_type {
                         if ((*fail_twice)-- > 0)
                           throw std::runtime_error("not yet");
                         return {[](const crash&) {},
                                 [self](const who&) -> reply<me> {
                                   const auto& here = self->place();
                                   return me{here.incarnation, 0, here.last_death, std::nullopt};
                                 }};
                       });
                   },
                   s.a.slot()}}});
  s.world.advance(1s);
  auto r = s.ask(s.a);
  REQUIRE(r);
  CHECK(r->incarnation == 3);
  CHECK(r->last_death == "not yet");
}
