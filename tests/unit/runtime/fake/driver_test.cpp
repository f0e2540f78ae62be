#include "runtime/fake/driver.hpp"

#include <doctest/doctest.h>

#include <map>

namespace {

using namespace troupe;

/// Time that passes only when told to.
struct timeline {
  instant now{};
  std::multimap<instant, std::function<void()>> due;

  fake::world world() {
    return {[this] { return now; },
            [this](duration d, std::function<void()> f) { due.emplace(now + d, std::move(f)); }};
  }
  void advance(duration d) {
    auto end = now + d;
    while (!due.empty() && due.begin()->first <= end) {
      auto next = due.extract(due.begin());
      now = next.key();
      next.mapped()();
    }
    now = end;
  }
};

/// Keeps the one reply.
template <class T> struct answer {
  std::optional<result<T>> got;
  operator runtime::reply<T>() {
    return [this](result<T> r) {
      CHECK_FALSE(got);
      got = std::move(r);
    };
  }
};

struct fixture {
  timeline time;
  std::unique_ptr<fake::driver> driver;
  std::vector<runtime::change> changes;
  runtime::sandbox_config pod;
  std::string sandbox_id;

  explicit fixture(fake::options with = {}) : driver(fake::make_driver(time.world(), with)) {
    driver->watch([this](runtime::change c) { changes.push_back(std::move(c)); });
    pod.pod = {"p", "default", "u"};
    answer<std::string> to;
    driver->run_sandbox(pod, to);
    CHECK_FALSE(to.got); // never within the call
    time.advance(1s);
    sandbox_id = to.got->value();
  }
  std::string start(const std::string& name) {
    answer<std::string> made;
    driver->create_container(sandbox_id, {.name = name, .image = "x"}, pod, made);
    time.advance(0s);
    answer<void> started;
    driver->start_container(**made.got, started);
    time.advance(1s);
    REQUIRE(*started.got);
    return **made.got;
  }
  runtime::pod_state look() {
    answer<runtime::pod_state> to;
    driver->inspect("u", to);
    time.advance(0s);
    return to.got->value();
  }
};

} // namespace

TEST_CASE("simulated runtime: a container lives as long as it was told to") {
  fixture f({.behave = [](const auto&, const auto&) {
    return fake::behaviour{.start = 200ms, .runs = 5s, .exit_code = 3};
  }});
  auto id = f.start("a");
  CHECK(f.look().containers.at(0).state == runtime::container_state::running);
  f.time.advance(10s);
  auto c = f.look().containers.at(0);
  CHECK(c.state == runtime::container_state::exited);
  CHECK(c.exit_code == 3);
  CHECK(c.finished - c.started == 5s);
  CHECK(f.changes.back().id == id);
  CHECK(f.changes.back().what == runtime::change::kind::exited);
}

TEST_CASE("simulated runtime: stopping waits for the end, and no longer than the grace") {
  fixture f({.behave = [](const auto& c, const auto&) {
    return fake::behaviour{.on_term = c.name == "slow" ? duration(1h) : duration(2s)};
  }});
  auto quick = f.start("quick");
  auto slow = f.start("slow");
  answer<void> quick_done;
  answer<void> slow_done;
  f.driver->stop_container(quick, 30s, quick_done);
  f.driver->stop_container(slow, 30s, slow_done);
  f.time.advance(3s);
  CHECK(quick_done.got);
  CHECK_FALSE(slow_done.got);
  f.time.advance(28s);
  CHECK(slow_done.got);
  for (const auto& c : f.look().containers)
    CHECK(c.exit_code == (c.name == "slow" ? 137 : 143));
}

TEST_CASE("simulated runtime: a lost sandbox takes its containers along") {
  fixture f;
  f.start("a");
  CHECK(f.driver->lose_sandbox(f.sandbox_id));
  CHECK(f.look().sandboxes.at(0).state == runtime::sandbox_state::not_ready);
  CHECK(f.look().containers.at(0).exit_code == 137);
  answer<std::string> refused;
  f.driver->create_container(f.sandbox_id, {.name = "b"}, f.pod, refused);
  f.time.advance(0s);
  CHECK_FALSE(*refused.got);
}

TEST_CASE("simulated runtime: images are there once pulled, and only what exists can be") {
  fixture f({.can_pull = [](const std::string& name) { return name != "nowhere"; }});
  answer<runtime::image> before;
  f.driver->image_status("x", before);
  answer<std::string> nowhere;
  f.driver->pull("nowhere", {}, nowhere);
  answer<std::string> pulled;
  f.driver->pull("x", {}, pulled);
  f.time.advance(0s);
  CHECK(before.got->error().reason == reason::not_found);
  CHECK_FALSE(*nowhere.got);
  answer<runtime::image> after;
  f.driver->image_status("x", after);
  f.time.advance(0s);
  CHECK(*after.got);
}

TEST_CASE("simulated runtime: while it is away every call fails, and then look at everything") {
  fixture f;
  f.driver->set_away(true);
  answer<runtime::inventory> list;
  f.driver->list(list);
  f.time.advance(0s);
  CHECK(list.got->error().reason == reason::unavailable);
  f.driver->set_away(false);
  CHECK(f.changes.back().what == runtime::change::kind::lost);
}
