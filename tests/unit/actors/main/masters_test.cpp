#include "actors/main/masters.hpp"
#include "tests/support/deterministic.hpp"

#include <doctest/doctest.h>

namespace troupe::program {
namespace {

masters_known known(std::uint64_t since, std::vector<std::string> names) {
  masters_known out{.since = since, .all = {}, .voters = names, .api_port = 6443};
  for (const auto& n : names)
    out.all.push_back({n, n + ":7443"});
  return out;
}

/// A node and the boards of its masters.
struct node_world {
  explicit node_world(std::vector<std::string> names)
      : board(std::make_shared<masters_board>(known(0, names))) {
    for (const auto& n : names)
      add(n, 0, names);
    spawn_masters_follower(
      world.at("follower"),
      {.board = board,
       .master = [this](const std::string& name) { return masters.at(name); },
       .changed = [this](const masters_known&, const masters_known&) { ++changes; }});
  }
  void add(const std::string& name, std::uint64_t since, std::vector<std::string> says) {
    boards[name] = std::make_shared<masters_board>(known(since, std::move(says)));
    masters[name] = spawn_masters(world.at(name), boards[name]);
  }
  std::vector<std::string> names() {
    std::vector<std::string> out;
    for (const auto& m : board->get().all)
      out.push_back(m.name);
    return out;
  }
  deterministic world;
  masters_board_ptr board;
  std::map<std::string, masters_board_ptr> boards;
  std::map<std::string, masters_actor> masters;
  int changes = 0;
};
using list = std::vector<std::string>;

} // namespace

TEST_CASE("masters: a node learns of one that joined, whichever master knows first") {
  node_world w{{"m1", "m2"}};
  w.add("m3", 7, {"m1", "m2", "m3"});
  w.boards["m2"]->set(known(7, {"m1", "m2", "m3"}));
  w.world.advance(3s);
  CHECK(w.names() == list{"m1", "m2", "m3"});
  CHECK(w.changes == 1);
}

TEST_CASE("masters: what an older list says is the past") {
  node_world w{{"m1", "m2"}};
  for (const auto* m : {"m1", "m2"})
    w.boards[m]->set(known(9, {"m2"}));
  w.world.advance(3s);
  CHECK(w.names() == list{"m2"});
  w.boards["m2"]->set(known(8, {"m1", "m2"})); // it was restored, or lags
  w.world.advance(5s);
  CHECK(w.names() == list{"m2"});
}

TEST_CASE("masters: one that knows nobody takes nobody away") {
  node_world w{{"m1"}};
  w.boards["m1"]->set(known(9, {}));
  w.world.advance(3s);
  CHECK(w.names() == list{"m1"});
  CHECK(w.changes == 0);
}

TEST_CASE("masters: addresses are read, or refused") {
  CHECK(*read_peer("m1=10.0.0.1:7443") == settings::peer{"m1", "10.0.0.1:7443"});
  for (const auto* text : {"", "m1", "m1=", "=10.0.0.1:7443", "m1=10.0.0.1", "m1=:7443", "m1=a:"}) {
    CAPTURE(text);
    CHECK(read_peer(text).error().reason == reason::invalid);
  }
  CHECK(host_of("10.0.0.1:7443") == "10.0.0.1");
  CHECK(host_of("[fd00::1]:7443") == "fd00::1");
}

} // namespace troupe::program
