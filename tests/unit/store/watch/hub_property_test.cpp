// Random watchers against the full history: nothing missed, nothing twice, nothing foreign,
// whatever the pace.
#include "config/base/random.hpp"
#include "store/watch/hub.hpp"
#include "tests/unit/store/watch/changes.hpp"

#include <doctest/doctest.h>

#include <map>
#include <utility>

namespace troupe::store {
namespace {

struct client {
  watch_request asked;
  revision position{}; // delivered up to here, as it believes
  std::size_t untaken = 0;
  bool expired = false;
};

struct world {
  random_source chance;
  watch_hub hub;
  std::vector<change_ptr> history; // all of it
  std::map<watcher_id, client> clients;
  std::uint64_t next = 1;
  int expirations = 0;

  void perform(const watch_plan& plan) {
    for (auto& each : plan.deliver)
      receive(clients.at(each.who), *each.what);
    for (auto who : plan.expired) {
      clients.at(who).expired = true;
      ++expirations;
    }
  }

  static bool wants(const client& c, const change& what) {
    return c.asked.exact ? what.key() == c.asked.prefix : what.key().starts_with(c.asked.prefix);
  }

  /// The first change after the client's position that it asked for, if any is not after `upto`.
  change_ptr due(const client& c, revision upto) const {
    for (auto& each : history)
      if (each->at > c.position && each->at <= upto && wants(c, *each))
        return each;
    return nullptr;
  }

  void receive(client& c, const watch_batch& batch) {
    REQUIRE_FALSE(c.expired);
    if (batch.changes.empty()) {
      REQUIRE(c.asked.bookmarks);
      REQUIRE_FALSE(due(c, batch.bookmark));
      REQUIRE(batch.bookmark >= c.position);
      c.position = batch.bookmark;
    }
    for (auto& each : batch.changes) {
      REQUIRE(each == due(c, each->at)); // the very next one
      c.position = each->at;
    }
    c.untaken += batch.changes.size();
  }

  std::string random_prefix() {
    static const char* const prefixes[] = {"",      "/",  "/a/",    "/a/x", "/ab/",
                                           "/a/xy", "/b", "/b/x/1", "/c"};
    return prefixes[chance.below(std::size(prefixes))];
  }

  void publish() {
    std::vector<change_ptr> changes;
    for (auto left = chance.below(4); left > 0; --left) { // transactions
      for (auto size = chance.between(1, 3); size > 0; --size) {
        auto key = random_prefix();
        key += std::to_string(chance.below(3));
        changes.push_back(make_change(key, raw(hub.last()) + changes.size() + 1, size == 1));
      }
    }
    history.insert(history.end(), changes.begin(), changes.end());
    perform(hub.publish(changes, hub.last() + changes.size(), revision{1}));
  }

  void subscribe() {
    client c;
    c.asked = {.who = watcher_id{next++},
               .prefix = random_prefix(),
               .exact = chance.chance(1, 4),
               .after = hub.last() - chance.below(40),
               .bookmarks = chance.chance(1, 2)};
    c.position = c.asked.after;
    auto answer = hub.subscribe(c.asked);
    if (answer.what != watch_start::live) {
      REQUIRE(answer.what == watch_start::read_history);
      REQUIRE(c.asked.after < hub.window().start());
      return;
    }
    clients.emplace(c.asked.who, c);
    perform(answer.plan);
  }

  void take() {
    for (auto& [who, c] : clients)
      if (c.untaken > 0 && !c.expired && chance.chance(1, 3)) {
        auto n = chance.between(1, c.untaken);
        c.untaken -= n;
        perform(hub.taken(who, n));
      }
  }

  void leave() {
    auto at = clients.lower_bound(watcher_id{chance.below(next)});
    if (at == clients.end())
      return;
    hub.unsubscribe(at->first);
    clients.erase(at);
  }

  void settle() {
    for (int round = 0; round < 100; ++round)
      for (auto& [who, c] : clients)
        if (c.untaken > 0 && !c.expired)
          perform(hub.taken(who, std::exchange(c.untaken, 0)));
    perform(hub.bookmarks());
    for (auto& [who, c] : clients)
      if (!c.expired) {
        REQUIRE_FALSE(due(c, hub.last()));
        if (c.asked.bookmarks)
          REQUIRE(c.position == hub.last());
      }
  }
};

TEST_CASE("hub: whatever the pace, every watcher sees each of its changes once and in order") {
  int expirations = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    random_source draw{seed};
    hub_limits limits{.window = {.changes = 5 + draw.below(60), .bytes = 1U << 20U},
                      .in_flight = 1 + draw.below(12),
                      .in_flight_bytes = draw.chance(1, 2) ? 200 + draw.below(2000) : 8U << 20U,
                      .batch = 1 + draw.below(6)};
    world w{
      random_source{seed + 1000}, watch_hub{revision{100}, revision{1}, limits}, {}, {}, 1, 0};
    for (int step = 0; step < 300; ++step) {
      switch (w.chance.below(8)) {
      case 0: w.subscribe(); break;
      case 1: w.perform(w.hub.bookmarks()); break;
      case 2: w.leave(); break;
      case 3:
      case 4: w.take(); break;
      default: w.publish();
      }
    }
    w.settle();
    expirations += w.expirations;
  }
  CHECK(expirations > 0); // otherwise the slow path was never taken
}

} // namespace
} // namespace troupe::store
