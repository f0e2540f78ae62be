// Pages, bookmarks and refusals of versions, as a client of a master sees them.
#include "versions_world.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace troupe::api_server {
namespace {

const std::string configmaps = "/api/v1/namespaces/default/configmaps";

struct filled : lagging_master {
  explicit filled(int objects) {
    for (int i = 0; i < objects; ++i)
      make("c" + std::to_string(1000 + i));
    arrive();
    actors.settle();
  }
  void make(const std::string& name) {
    support::json labels{{"odd", (name.back() - '0') % 2 == 0 ? "no" : "yes"}};
    support::json body{{"metadata", {{"name", name}, {"labels", labels}}}, {"data", {{"v", "1"}}}};
    REQUIRE(world.post("", "v1", "configmaps", "default", body).code == 201);
  }
  void change(const std::string& name) {
    support::json body{{"data", {{"v", "2"}}}};
    auto done = world.patch("", "v1", "configmaps", "default", name, api::patch_type::merge, body);
    REQUIRE(done.code == 200);
  }
  std::string version() const { return to_string(world.store.at()); }
};

TEST_CASE("pages: say how many objects remain, unless they are chosen by a selector") {
  filled m{5};
  auto first = m.get(configmaps + "?limit=2").body["metadata"];
  CHECK(first["remainingItemCount"] == 3);
  auto query = configmaps + "?limit=2&continue=" + first["continue"].get<std::string>();
  auto second = m.get(query).body["metadata"];
  CHECK(second["remainingItemCount"] == 1);
  CHECK(second["resourceVersion"] == first["resourceVersion"]);
  auto third =
    m.get(configmaps + "?limit=2&continue=" + second["continue"].get<std::string>()).body;
  CHECK(third["items"].size() == 1);
  CHECK(!third["metadata"].contains("remainingItemCount"));
  CHECK(!third["metadata"].contains("continue"));
  auto chosen = m.get(configmaps + "?limit=1&labelSelector=odd%3Dyes").body["metadata"];
  CHECK(chosen.contains("continue"));
  CHECK(!chosen.contains("remainingItemCount"));
  CHECK(!m.get(configmaps + "?limit=5").body["metadata"].contains("remainingItemCount"));
}

TEST_CASE(
  "pages: a token whose version is compacted is 410, with one that goes on inconsistently") {
  filled m{4};
  auto first = m.get(configmaps + "?limit=1").body["metadata"];
  m.change("c1000"); // on a page that was read
  m.change("c1002");
  m.make("c1001a");
  m.state.compacted = m.world.store.at();
  m.arrive();
  auto go_on = [&](const support::json& token) {
    return m.get(configmaps + "?limit=2&continue=" + token.get<std::string>());
  };
  auto gone = go_on(first["continue"]);
  CHECK(gone.code == 410);
  CHECK(gone.body["reason"] == "Expired");
  CHECK(gone.body["status"] == "Failure");
  auto second = go_on(gone.body["metadata"].value("continue", support::json("")));
  REQUIRE(second.code == 200);
  CHECK(second.body["metadata"]["resourceVersion"] == m.version());
  CHECK(second.body["items"][0]["metadata"]["name"] == "c1001");
  CHECK(second.body["items"][1]["metadata"]["name"] == "c1001a");
  m.make("c1004");
  auto third = go_on(second.body["metadata"]["continue"]);
  CHECK(third.body["metadata"]["resourceVersion"] == second.body["metadata"]["resourceVersion"]);
  REQUIRE(third.body["items"].size() == 2); // consistent with the page before: no c1004
  CHECK(third.body["items"][0]["data"]["v"] == "2");
  CHECK(!third.body["metadata"].contains("continue"));
}

TEST_CASE("pages: a token that was not made here is a bad request") {
  filled m{1};
  // {"v":"meta.k8s.io/v1","rv":0,"start":"a"}, then without start, then another version of tokens
  for (const char* token :
       {"eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MCwic3RhcnQiOiJhIn0",
        "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6NSwic3RhcnQiOiIifQ",
        "eyJ2IjoibWV0YS5rOHMuaW8vdjIiLCJydiI6NSwic3RhcnQiOiJhIn0", "%20", "abc"})
    CHECK(m.get(configmaps + "?limit=1&continue=" + token).code == 400);
}

TEST_CASE("versions: what has not come here is 504 with its cause, and says when to try again") {
  filled m{1};
  auto wanted = to_string(m.world.store.at() + 7);
  auto late = m.get(configmaps + "?resourceVersion=" + wanted);
  CHECK(late.code == 504);
  CHECK(late.body["reason"] == "Timeout");
  CHECK(late.message() == "Too large resource version: " + wanted + ", current: " + m.version());
  CHECK(late.body["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge");
  CHECK(late.body["details"]["retryAfterSeconds"] == 1);
  auto what = m.request(configmaps);
  auto sent = http::to_http(pipeline::too_new(*what, revision{9}, revision{5}));
  CHECK(sent.fields.get("Retry-After") == "1");
  // a write whose outcome is unknown must not be sent again by itself
  sent = http::to_http(api::status_of({.reason = reason::timeout, .message = "unknown"}, *what));
  CHECK(sent.code == 504);
  CHECK(!sent.fields.has("Retry-After"));

  auto watch = m.open_watch(configmaps + "?watch=true&resourceVersion=" + wanted);
  REQUIRE(!watch);
  CHECK(watch.error().reason == reason::timeout);
  CHECK(watch.error().message == late.message());
  REQUIRE(watch.error().causes.size() == 1);
  CHECK(watch.error().causes[0].type == "ResourceVersionTooLarge");
  CHECK(watch.error().retry_after_seconds == 1);
}

std::vector<revision> bookmarks_of(const std::vector<api::event>& all) {
  std::vector<revision> out;
  for (const auto& e : all)
    if (e.what == api::event::kind::bookmark)
      out.push_back(e.of->meta.version);
  return out;
}

TEST_CASE("bookmarks: follow what happens elsewhere, for those who asked for them") {
  filled m{1};
  auto from = "&resourceVersion=" + m.version();
  auto with = m.open_watch(configmaps + "?watch=true&allowWatchBookmarks=true" + from);
  auto without = m.open_watch(configmaps + "?watch=true" + from);
  REQUIRE(with);
  REQUIRE(without);
  m.world.post("", "v1", "namespaces", "", {{"metadata", {{"name", "other"}}}});
  m.arrive();
  auto told = m.events(*with, m.actors.now() + 5s);
  REQUIRE(!told.empty());
  CHECK(bookmarks_of(told).size() == told.size()); // nothing of it concerns this watch
  CHECK(bookmarks_of(told).back() == m.world.store.at());
  m.change("c1000");
  m.arrive();
  told = m.events(*with, m.actors.now() + 5s);
  REQUIRE(!told.empty());
  CHECK(told.front().what == api::event::kind::modified);
  auto marks = bookmarks_of(told);
  for (auto mark : marks)
    CHECK(mark >= told.front().of->meta.version); // every change up to it came before it
  told = m.events(*without, m.actors.now() + 5s);
  CHECK(told.size() == 1);
  CHECK(bookmarks_of(told).empty());
}

TEST_CASE("watch: the state it begins with comes piece by piece, whole, and its end is marked") {
  filled m{1203};
  for (const char* how : {"", "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"}) {
    auto watch = m.open_watch(configmaps + "?watch=true&allowWatchBookmarks=true" + how);
    REQUIRE(watch);
    m.change("c1000"); // after the watch began: not part of its state
    m.arrive();
    std::vector<std::string> names;
    bool ended = false;
    while (!ended) {
      auto news = m.actors.ask<client::events>(m.api, client::next_events{*watch}, 20s);
      REQUIRE(news);
      CHECK(news->list.size() <= 501);
      for (const auto& e : news->list) {
        if (e.what == api::event::kind::added)
          names.push_back(e.of->meta.name);
        else if (e.of->meta.annotations.contains("k8s.io/initial-events-end"))
          ended = true;
        else
          CHECK(e.what == api::event::kind::modified);
      }
    }
    CHECK(names.size() == 1203);
    CHECK(std::is_sorted(names.begin(), names.end()));
    CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
    support::json again{{"data", {{"v", "1"}}}};
    m.world.patch("", "v1", "configmaps", "default", "c1000", api::patch_type::merge, again);
    m.arrive();
  }
}

TEST_CASE("watch: a state that nobody fetches keeps no objects, and ends with 410") {
  filled m{1203};
  auto watch = m.open_watch(configmaps + "?watch=true");
  REQUIRE(watch);
  for (int i = 0; i < 40'000; ++i) { // more than the hub's window holds
    auto c = std::make_shared<store::change>(m.world.store.changes().back());
    c->at = m.published = m.published + 1;
    m.actors.tell(m.hub.feed, storage::published{{c}, c->at, m.state.compacted});
    if (i % 1000 == 0)
      m.actors.settle();
  }
  auto told = m.events(*watch, m.actors.now() + 20s);
  REQUIRE(!told.empty());
  CHECK(std::count_if(told.begin(), told.end(),
                      [](const auto& e) { return e.what == api::event::kind::added; })
        == 1203);
  CHECK(told.back().what == api::event::kind::error);
  CHECK(http_code(told.back().why.reason) == 410);
}

} // namespace
} // namespace troupe::api_server
