#include "config/base/invariant.hpp"
#include "store/watch/hub.hpp"
#include "tests/unit/store/watch/changes.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace troupe::store {
namespace {

constexpr watcher_id one{1};
constexpr watcher_id two{2};
constexpr watcher_id three{3};

/// "1:11,12 2:11": who is sent which revisions; "2:bookmark13"; "!3": who is expired.
std::string shown(const watch_plan& plan) {
  std::string out;
  for (auto& each : plan.deliver) {
    out += (out.empty() ? "" : " ") + std::to_string(static_cast<std::uint64_t>(each.who)) + ":";
    if (each.what->changes.empty())
      out += "bookmark" + to_string(each.what->bookmark);
    for (auto& what : each.what->changes)
      out += (out.back() == ':' ? "" : ",") + to_string(what->at);
  }
  for (auto who : plan.expired)
    out += (out.empty() ? "!" : " !") + std::to_string(static_cast<std::uint64_t>(who));
  return out;
}

std::string publish(watch_hub& hub, std::initializer_list<const char*> keys) {
  auto changes = make_changes(keys, raw(hub.last()) + 1);
  return shown(hub.publish(changes, hub.last() + changes.size(), revision{1}));
}

watch_answer watch(watch_hub& hub, watcher_id who, std::string prefix, std::uint64_t after) {
  return hub.subscribe({.who = who, .prefix = std::move(prefix), .after = revision{after}});
}

TEST_CASE("hub: a change goes to all whose prefix its key starts with, and to nobody else") {
  watch_hub hub{revision{10}, revision{1}};
  watch(hub, one, "", 10);
  watch(hub, two, "/pods/", 10);
  watch(hub, three, "/pods/a/", 10);
  watch(hub, watcher_id{4}, "/pods/b/", 10);
  watch(hub, watcher_id{5}, "/podsets/", 10);
  hub.subscribe(
    {.who = watcher_id{6}, .prefix = "/pods/a/web", .exact = true, .after = revision{10}});
  CHECK(publish(hub, {"/pods/a/web"}) == "6:11 3:11 2:11 1:11");
  CHECK(publish(hub, {"/pods/a/web-2"}) == "3:12 2:12 1:12");
  CHECK(publish(hub, {"/podsets/x"}) == "5:13 1:13");
  CHECK(publish(hub, {"/nodes/x"}) == "1:14");
  CHECK(publish(hub, {"/pods/"}) == "2:15 1:15");
}

TEST_CASE("hub: watchers of one prefix share one batch") {
  watch_hub hub{revision{10}, revision{1}};
  watch(hub, one, "/pods/", 10);
  watch(hub, two, "/pods/", 10);
  auto changes = make_changes({"/pods/a", "/pods/b"}, 11);
  auto plan = hub.publish(changes, revision{12}, revision{1});
  REQUIRE(plan.deliver.size() == 2);
  CHECK(plan.deliver[0].what == plan.deliver[1].what);
  CHECK(plan.deliver[0].what->changes[0] == changes[0]);
}

TEST_CASE("hub: where a watch may start") {
  watch_hub hub{revision{10}, revision{1}, {.window = {.changes = 3}}};
  for (int i = 0; i < 5; ++i)
    publish(hub, {"/pods/x"}); // 11 to 15; the window starts at 12
  CHECK(watch(hub, one, "", 16).what == watch_start::not_yet);
  auto older = watch(hub, one, "", 11);
  CHECK(older.what == watch_start::read_history);
  CHECK(older.upto == revision{15});
  CHECK(watch(hub, one, "", 0).what == watch_start::expired);
  CHECK(hub.watchers() == 0);
  auto live = watch(hub, one, "", 12);
  CHECK(live.what == watch_start::live);
  CHECK(shown(live.plan) == "1:13,14,15");
  CHECK(shown(watch(hub, two, "/nodes/", 12).plan).empty());
  CHECK_THROWS_AS(watch(hub, two, "", 12), broken_invariant);
}

TEST_CASE("hub: a watch resumed in the middle of a transaction misses nothing") {
  watch_hub hub{revision{10}, revision{1}};
  publish(hub, {"/pods/a", "/pods/b", "/pods/c"});
  CHECK(shown(watch(hub, one, "/pods/", 11).plan) == "1:12,13");
  CHECK(shown(watch(hub, two, "/pods/", 12).plan) == "2:13");
}

TEST_CASE("hub: a slow watcher is sent more as it takes, and the others do not wait") {
  watch_hub hub{revision{10}, revision{1}, {.in_flight = 2, .batch = 2}};
  watch(hub, one, "/pods/", 10);
  watch(hub, two, "/pods/", 10);
  CHECK(publish(hub, {"/pods/a"}) == "1:11 2:11");
  CHECK(publish(hub, {"/pods/a"}) == "1:12 2:12");
  hub.taken(two, 2);
  CHECK(publish(hub, {"/pods/a"}) == "2:13");
  CHECK(publish(hub, {"/nodes/a"}).empty());
  CHECK(publish(hub, {"/pods/a"}) == "2:15");
  CHECK(shown(hub.taken(one, 1)) == "1:13");
  CHECK(shown(hub.taken(one, 2)) == "1:15");
  CHECK(publish(hub, {"/pods/a"}) == "1:16"); // caught up; now the other is slow
}

TEST_CASE("hub: a watcher that the window passed is expired and dropped") {
  watch_hub hub{revision{10}, revision{1}, {.window = {.changes = 3}, .in_flight = 1}};
  watch(hub, one, "/pods/", 10);
  watch(hub, two, "/nodes/", 10);
  CHECK(publish(hub, {"/pods/a"}) == "1:11");
  CHECK(publish(hub, {"/pods/a"}).empty());
  CHECK(publish(hub, {"/pods/a"}).empty());
  CHECK(publish(hub, {"/pods/a"}).empty());
  CHECK(publish(hub, {"/pods/a"}) == "!1");
  CHECK(hub.watchers() == 1);
  CHECK(shown(hub.taken(one, 1)).empty());
  CHECK(publish(hub, {"/nodes/a"}) == "2:16");
}

TEST_CASE("hub: of large objects a watcher is sent no more bytes than it may, and one at least") {
  auto large = [](std::uint64_t at, std::size_t bytes) {
    auto out = std::make_shared<change>();
    out->at = revision{at};
    auto value = share(std::string(bytes, 'x'));
    out->now = std::make_shared<const record>(
      record{.key = "/pods/a", .value = value, .created = {}, .modified = out->at});
    return std::vector<change_ptr>{out};
  };
  watch_hub hub{revision{10}, revision{1}, {.in_flight_bytes = 5000}};
  watch(hub, one, "/pods/", 10);
  watch(hub, two, "/pods/", 10);
  auto put = [&](std::uint64_t at, std::size_t bytes) {
    return shown(hub.publish(large(at, bytes), revision{at}, revision{1}));
  };
  CHECK(put(11, 9000) == "1:11 2:11"); // alone it may
  CHECK(put(12, 100).empty());
  CHECK(shown(hub.taken(two, 1)) == "2:12");
  CHECK(put(13, 2000) == "2:13");
  CHECK(put(14, 2000) == "2:14");
  CHECK(put(15, 2000).empty());
  CHECK(shown(hub.taken(one, 1)) == "1:12,13,14");
  CHECK(shown(hub.taken(one, 3)) == "1:15");
  CHECK(shown(hub.taken(two, 1)).empty()); // a third of its bytes at most
  CHECK(shown(hub.taken(two, 1)) == "2:15");
}

TEST_CASE(
  "hub: what slow watchers keep alive is the window and what is in flight, however many they are") {
  hub_limits limits{.window = {.changes = 100}, .in_flight = 10, .batch = 5};
  watch_hub hub{revision{0}, revision{0}, limits};
  std::vector<watch_batch_ptr> delivered; // nobody takes anything
  auto keep = [&](const watch_plan& plan) {
    for (const auto& each : plan.deliver)
      delivered.push_back(each.what);
    return plan.expired.size();
  };
  for (std::uint64_t who = 1; who <= 1000; ++who)
    keep(hub.subscribe({.who = watcher_id{who}, .prefix = "/pods/", .after = revision{0}}).plan);
  std::vector<std::weak_ptr<const change>> all;
  std::size_t expired = 0;
  for (std::uint64_t at = 1; at <= 5000; ++at) {
    auto news = make_changes({"/pods/a"}, at);
    all.emplace_back(news.front());
    expired += keep(hub.publish(news, revision{at}, revision{0}));
  }
  CHECK(expired == 1000);
  CHECK(hub.watchers() == 0);
  auto alive = [&] {
    return std::count_if(all.begin(), all.end(), [](const auto& c) { return !c.expired(); });
  };
  CHECK(alive() == 110);
  CHECK(delivered.size() == 1000 * 10);
  delivered.clear();
  CHECK(alive() == 100);
}

TEST_CASE("hub: bookmarks follow everything, stand at range ends, and are not repeated") {
  watch_hub hub{revision{10}, revision{1}, {.in_flight = 1}};
  hub.subscribe({.who = one, .prefix = "/pods/", .after = revision{10}, .bookmarks = true});
  hub.subscribe({.who = two, .prefix = "/nodes/", .after = revision{10}, .bookmarks = true});
  watch(hub, three, "/pods/", 10);
  CHECK(publish(hub, {"/pods/a", "/nodes/a", "/nodes/b"}) == "1:11 3:11 2:12,13");
  CHECK(shown(hub.bookmarks()) == "1:bookmark13 2:bookmark13");
  CHECK(shown(hub.bookmarks()).empty());
  CHECK(publish(hub, {"/pods/a"}).empty()); // the first has not taken its change: it is behind
  CHECK(shown(hub.bookmarks()) == "2:bookmark14");
  CHECK(shown(hub.taken(one, 1)) == "1:14");
  CHECK(shown(hub.bookmarks()) == "1:bookmark14");
}

TEST_CASE("hub: a jump of the revision expires everybody") {
  watch_hub hub{revision{10}, revision{1}};
  watch(hub, two, "", 10);
  watch(hub, one, "", 10);
  CHECK(shown(hub.publish({}, revision{1000}, revision{1000})) == "!1 !2");
  CHECK(hub.watchers() == 0);
  CHECK(watch(hub, three, "", 10).what == watch_start::expired);
  CHECK(watch(hub, three, "", 1000).what == watch_start::live);
  auto late = make_changes({"/pods/a"}, 2001);
  CHECK(shown(hub.publish(late, revision{2001}, revision{2000})) == "!3");
  CHECK(watch(hub, watcher_id{4}, "", 2001).what == watch_start::live);
}

TEST_CASE("hub: sparse revisions may leap, and what shares one stays together") {
  watch_hub hub{revision{10}, revision{1}, {.in_flight = 2, .batch = 2, .sparse = true}};
  watch(hub, one, "", 10);
  auto leap = make_changes({"/pods/a"}, 20);
  CHECK(shown(hub.publish(leap, revision{20}, revision{1})) == "1:20");
  CHECK(shown(hub.publish({}, revision{25}, revision{1})).empty()); // of somebody else
  CHECK(hub.last() == revision{25});
  std::vector<change_ptr> shared;
  for (const auto* key : {"/pods/a", "/pods/b", "/pods/c"}) {
    auto each = std::make_shared<change>(*make_changes({key}, 30).front());
    each->last = std::string_view{key} == "/pods/c";
    shared.push_back(std::move(each));
  }
  CHECK(shown(hub.publish(shared, revision{30}, revision{1})).empty()); // it is behind
  CHECK(shown(hub.taken(one, 1)) == "1:30,30,30"); // a position is a revision: none may be left
  CHECK(shown(hub.taken(one, 3)).empty());
}

TEST_CASE("hub: an unsubscribed watcher gets nothing, and its neighbours all") {
  watch_hub hub{revision{10}, revision{1}};
  for (auto who : {one, two, three})
    watch(hub, who, "/pods/", 10);
  hub.unsubscribe(one);
  hub.unsubscribe(one);
  CHECK(publish(hub, {"/pods/a"}) == "3:11 2:11");
  hub.unsubscribe(two);
  hub.unsubscribe(three);
  CHECK(publish(hub, {"/pods/a"}).empty());
}

TEST_CASE("hub: the deliberate bug drops one change, and only when it is switched on") {
  for (bool bug : {false, true}) {
    watch_hub hub{revision{10}, revision{1}, {}, {.drop_event_on_leader_change = bug}};
    watch(hub, one, "", 10);
    hub.leader_changed();
    CHECK(publish(hub, {"/pods/a"}) == (bug ? "" : "1:11"));
    CHECK(publish(hub, {"/pods/a"}) == "1:12");
  }
}

TEST_CASE("measure: one change to 10,000 watchers" * doctest::skip()) {
  for (bool same : {true, false}) {
    watch_hub hub{revision{10}, revision{1}};
    for (std::uint64_t i = 1; i <= 10000; ++i)
      watch(hub, watcher_id{i}, same ? "/pods/" : "/pods/ns-" + std::to_string(i) + "/", 10);
    auto key = same ? "/pods/ns-5/web" : "/pods/ns-5555/web";
    std::size_t delivered = 0;
    auto start = std::chrono::steady_clock::now();
    constexpr int rounds = 200;
    for (int i = 0; i < rounds; ++i) {
      auto plan =
        hub.publish(make_changes({key}, raw(hub.last()) + 1), hub.last() + 1, revision{1});
      delivered += plan.deliver.size();
    }
    std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
    std::printf("one change, 10,000 watchers, %zu of them meant: %.1f us\n", delivered / rounds,
                took.count() / rounds);
  }
}

} // namespace
} // namespace troupe::store
