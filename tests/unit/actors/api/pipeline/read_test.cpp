// Get, list and watch: versions, pages, selectors, events.
#include "config/base/random.hpp"
#include "tests/support/api_world.hpp"

#include <doctest/doctest.h>

#include <map>

namespace troupe::pipeline {
namespace {

using namespace support;
using api::patch_type;
using api::verb;
using kind = freshness::kind;

void make_config(api_world& w, const std::string& name, const json& labels = json::object()) {
  auto made =
    w.post("", "v1", "configmaps", "default", {{"metadata", {{"name", name}, {"labels", labels}}}});
  REQUIRE_MESSAGE(made.code == 201, made.text);
}

TEST_CASE("freshness: which view a read needs") {
  auto r = api_world::request(verb::get, "", "v1", "pods", "default", "a");
  CHECK(*freshness_of(r) == freshness{kind::linearizable, {}});
  r.options.version = revision{0};
  CHECK(*freshness_of(r) == freshness{kind::any, {}});
  r.options.version = revision{7};
  CHECK(*freshness_of(r) == freshness{kind::at_least, revision{7}});
  r.verb = verb::list;
  CHECK(*freshness_of(r) == freshness{kind::at_least, revision{7}});
  r.options.limit = 5;
  CHECK(*freshness_of(r) == freshness{kind::exact, revision{7}});
  r.options.match = api::version_match::not_older_than;
  CHECK(*freshness_of(r) == freshness{kind::at_least, revision{7}});
  r.options.match = api::version_match::exact;
  CHECK(*freshness_of(r) == freshness{kind::exact, revision{7}});
  r.options.version = revision{0};
  CHECK(!freshness_of(r));
  r.options.version.reset();
  CHECK(!freshness_of(r));
  r.options.match = api::version_match::unset;
  r.options.next = "garbage";
  CHECK(freshness_of(r).error().reason == reason::bad_request);
  r.verb = verb::create;
  CHECK(*freshness_of(r) == freshness{kind::any, {}});
}

TEST_CASE(
  "list: carries the version of its view, items in order of their names, without their kind") {
  api_world w;
  for (const char* name : {"b", "a", "c"})
    make_config(w, name);
  auto all = w.list("", "v1", "configmaps", "default");
  CHECK(all.body["kind"] == "ConfigMapList");
  CHECK(all.body["metadata"]["resourceVersion"] == to_string(w.store.at()));
  REQUIRE(all.body["items"].size() == 3);
  CHECK(all.body["items"][0]["metadata"]["name"] == "a");
  CHECK(!all.body["items"][0].contains("kind"));
  CHECK(all.body["items"][0]["metadata"]["resourceVersion"].is_string());
  CHECK(w.list("", "v1", "configmaps", "").body["items"].size() == 3);
  CHECK(w.list("", "v1", "configmaps", "kube-system").body["items"].empty());
}

TEST_CASE("list: selectors choose by label and by field, a bad one is a bad request") {
  api_world w;
  make_config(w, "a", {{"app", "web"}});
  make_config(w, "b", {{"app", "db"}});
  auto names = [&](const char* label, const char* field) {
    std::string out;
    auto all =
      w.list("", "v1", "configmaps", "default", {.label_selector = label, .field_selector = field});
    for (const auto& item : all.body["items"])
      out += item["metadata"]["name"].get<std::string>();
    return out;
  };
  CHECK(names("app=web", "") == "a");
  CHECK(names("app!=web", "") == "b");
  CHECK(names("", "metadata.name=b") == "b");
  CHECK(names("app=web", "metadata.name=b") == "");
  CHECK(names("", "metadata.name!=b") == "a");
  CHECK(w.list("", "v1", "configmaps", "default", {.label_selector = "a b"}).code == 400);
  CHECK(w.list("", "v1", "configmaps", "default", {.field_selector = "data.x=1"}).code == 400);
}

TEST_CASE("list: pages show one consistent state, whatever is written between them") {
  api_world w;
  for (int i = 10; i < 35; ++i)
    make_config(w, "c" + std::to_string(i));
  api::options o{.limit = 10};
  std::vector<std::string> names;
  std::string version;
  std::vector<json> remaining;
  do {
    auto page = w.list("", "v1", "configmaps", "default", o);
    REQUIRE_MESSAGE(page.code == 200, page.text);
    for (const auto& item : page.body["items"])
      names.push_back(item["metadata"]["name"]);
    auto meta = page.body["metadata"];
    if (version.empty())
      version = meta["resourceVersion"];
    CHECK(meta["resourceVersion"] == version);
    remaining.push_back(meta.value("remainingItemCount", json()));
    o.next = meta.value("continue", "");
    make_config(w, "a" + std::to_string(names.size()));
    w.remove("", "v1", "configmaps", "default", "c30");
  } while (!o.next.empty());
  CHECK(names.size() == 25);
  CHECK(names.back() == "c34");
  CHECK(remaining == std::vector<json>{15, 5, json()});
}

TEST_CASE("list: a token of a compacted version is expired, a foreign one a bad request") {
  api_world w;
  auto r = api_world::request(verb::list, "", "v1", "configmaps", "default");
  r.options.next = "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6NSwic3RhcnQiOiJhIn0"; // version 5
  auto gone = w.run(r);
  CHECK(gone.code == 410);
  CHECK(gone.body["reason"] == "Expired");
  r.options.next = "abc";
  CHECK(w.run(r).code == 400);
  CHECK(api_world::read(too_new(r, revision{9}, revision{5})).body["details"]["causes"][0]["reason"]
        == "ResourceVersionTooLarge");
}

TEST_CASE("list: a large one comes piece by piece, with the same bytes") {
  api_world w;
  for (int i = 0; i < 40; ++i)
    w.post("", "v1", "configmaps", "default",
           {{"metadata", {{"name", "c" + std::to_string(i)}}},
            {"data", {{"x", std::string(40'000, 'x')}}}});
  auto r = api_world::request(verb::list, "", "v1", "configmaps", "default");
  auto whole = w.step_of(r);
  CHECK(!std::get<finished>(whole).response.rest);
  r.answer.pieces = true;
  auto step = w.step_of(r);
  auto& response = std::get<finished>(step).response;
  REQUIRE(response.rest);
  std::string all = *response.body;
  int pieces = 1;
  while (response.rest->next(all))
    ++pieces;
  CHECK(pieces > 3);
  CHECK(all == *std::get<finished>(whole).response.body);
}

watch_plan plan_of(api_world& w, const api::request& r) {
  auto step = w.step_of(r);
  REQUIRE(std::holds_alternative<watch_plan>(step));
  return std::get<watch_plan>(std::move(step));
}

/// The events of all changes behind the plan's start, as "TYPE name".
std::vector<std::string> events(const api_world& w, const watch_plan& plan) {
  std::vector<std::string> out;
  for (const auto& c : w.store.changes()) {
    auto seen = see(c);
    if (!seen)
      continue; // an allocation
    if (auto e = event_of(*seen, plan)) {
      auto line = json::parse(encode_event(*e, plan));
      CHECK(line["object"]["metadata"]["resourceVersion"] == to_string(c.at));
      out.push_back(line["type"].get<std::string>() + " "
                    + line["object"]["metadata"]["name"].get<std::string>());
    }
  }
  return out;
}

TEST_CASE("watch: selectors turn changes into arrivals and departures") {
  api_world w;
  auto r = api_world::request(verb::watch, "", "v1", "configmaps", "default");
  r.options.version = w.store.at();
  r.options.label_selector = "app=web";
  auto plan = plan_of(w, r);
  CHECK(!plan.initial);
  make_config(w, "a", {{"app", "web"}});
  make_config(w, "b", {{"app", "db"}});
  auto label = [&](const char* name, const char* app) {
    CHECK(w.patch("", "v1", "configmaps", "default", name, patch_type::merge,
                  {{"metadata", {{"labels", {{"app", app}}}}}})
            .code
          == 200);
  };
  label("b", "web");
  w.patch("", "v1", "configmaps", "default", "a", patch_type::merge, {{"data", {{"k", "v"}}}});
  label("a", "db");
  w.remove("", "v1", "configmaps", "default", "a");
  w.remove("", "v1", "configmaps", "default", "b");
  CHECK(events(w, plan)
        == std::vector<std::string>{"ADDED a", "ADDED b", "MODIFIED a", "DELETED a", "DELETED b"});
}

TEST_CASE("watch: starts with the state when no version is given, and says when it ends") {
  api_world w;
  make_config(w, "a");
  make_config(w, "b");
  auto r = api_world::request(verb::watch, "", "v1", "configmaps", "default");
  r.options.initial_events = true;
  r.options.bookmarks = true;
  CHECK(w.run(r).code == 422);
  r.options.match = api::version_match::not_older_than;
  auto plan = plan_of(w, r);
  std::vector<std::string> lines;
  std::string from;
  CHECK(!initial_events(*w.store.view(), plan, from, 100,
                        [&](const api::event& e) { lines.push_back(encode_event(e, plan)); }));
  REQUIRE(lines.size() == 3);
  CHECK(json::parse(lines[0])["type"] == "ADDED");
  auto end = json::parse(lines[2]);
  CHECK(end["type"] == "BOOKMARK");
  CHECK(end["object"]["kind"] == "ConfigMap");
  CHECK(end["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"] == "true");
  CHECK(end["object"]["metadata"]["resourceVersion"] == to_string(w.store.at()));
  CHECK(
    json::parse(encode_event(bookmark(revision{5}), plan))["object"]["metadata"]["resourceVersion"]
    == "5");
  CHECK(plan.start == w.store.at());
}

TEST_CASE("watch: of one name concerns that key alone") {
  api_world w;
  auto r = api_world::request(verb::watch, "", "v1", "configmaps", "default");
  r.options.version = w.store.at();
  r.options.field_selector = "metadata.name=a";
  auto plan = plan_of(w, r);
  CHECK(plan.single);
  make_config(w, "a");
  make_config(w, "ab");
  CHECK(events(w, plan) == std::vector<std::string>{"ADDED a"});
}

TEST_CASE("watch: a list and the events after it always lead to the current state") {
  random_source random{3};
  for (int round = 0; round < 20; ++round) {
    api_world w;
    auto app = [&] { return random.chance(1, 2) ? "web" : "db"; };
    auto act = [&] {
      auto name = "c" + std::to_string(random.below(6));
      switch (random.below(4)) {
      case 0:
        w.post("", "v1", "configmaps", "default",
               {{"metadata", {{"name", name}, {"labels", {{"app", app()}}}}}});
        break;
      case 1: w.remove("", "v1", "configmaps", "default", name); break;
      default:
        w.patch("", "v1", "configmaps", "default", name, patch_type::merge,
                {{"metadata", {{"labels", {{"app", app()}}}}},
                 {"data", {{"n", std::to_string(random.below(9))}}}});
      }
    };
    for (int i = 0; i < 10; ++i)
      act();
    auto read = [&] {
      std::map<std::string, json> out;
      auto all = w.list("", "v1", "configmaps", "default", {.label_selector = "app=web"});
      for (const auto& item : all.body["items"])
        out[item["metadata"]["name"]] = item["metadata"]["resourceVersion"];
      return out;
    };
    auto state = read();
    auto r = api_world::request(verb::watch, "", "v1", "configmaps", "default");
    r.options.version = w.store.at();
    r.options.label_selector = "app=web";
    auto plan = plan_of(w, r);
    for (int i = 0; i < 40; ++i)
      act();
    for (const auto& c : w.store.changes()) {
      auto e = event_of(*see(c), plan);
      if (!e)
        continue;
      auto name = e->of->meta.name;
      CHECK((e->what == api::event::kind::added) == !state.contains(name));
      if (e->what == api::event::kind::deleted)
        state.erase(name);
      else
        state[name] = to_string(e->of->meta.version);
    }
    CHECK(state == read());
  }
}

} // namespace
} // namespace troupe::pipeline
