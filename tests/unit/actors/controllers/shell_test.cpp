#include "actors/controllers/shell/cache.hpp"
#include "actors/controllers/shell/requests.hpp"
#include "actors/controllers/shell/work_queue.hpp"
#include "config/api/views/pod.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace troupe::control {
namespace {

using nlohmann::json;
constexpr auto at(int ms) { return instant{} + 1h + std::chrono::milliseconds{ms}; }

// -- work queue -------------------------------------------------------------------

TEST_CASE("work queue: a key is planned once however often it was named") {
  work_queue q;
  q.add("a");
  q.add("b");
  q.add("a");
  CHECK(q.next(at(0)) == "a");
  CHECK(q.next(at(0)) == "b");
  CHECK_FALSE(q.next(at(0)));
}

TEST_CASE("work queue: a key named while it is busy comes again when it is done") {
  work_queue q;
  q.add("a");
  q.next(at(0));
  q.add("a");
  CHECK_FALSE(q.next(at(0)));
  q.done("a");
  CHECK(q.next(at(0)) == "a");
  q.done("a");
  CHECK_FALSE(q.next(at(0)));
}

TEST_CASE("work queue: pauses after failures double, and success forgets them") {
  work_queue q;
  q.add("a");
  auto now = at(0);
  for (auto pause : {10ms, 20ms, 40ms}) {
    REQUIRE(q.next(now) == "a");
    q.failed("a", now);
    CHECK_FALSE(q.next(now + pause - 1ms));
    CHECK(q.next_at() == now + pause);
    now += pause;
  }
  q.next(now);
  q.done("a");
  q.add("a");
  q.next(now);
  q.failed("a", now);
  CHECK(q.next_at() == now + 10ms);
}

TEST_CASE("work queue: of several times the soonest counts; parked keys wait to be called") {
  work_queue q;
  q.add_at("a", at(50));
  q.add_at("a", at(20));
  q.add_at("a", at(90));
  CHECK_FALSE(q.next(at(19)));
  CHECK(q.next(at(20)) == "a");
  q.park("a");
  CHECK_FALSE(q.next(at(1000)));
  q.unpark();
  CHECK(q.next(at(1000)) == "a");
}

// -- cache -------------------------------------------------------------------------

api::object_ptr pod(const std::string& name, std::uint64_t version, const std::string& owner = "",
                    const std::string& ns = "d") {
  json tree{{"apiVersion", "v1"},
            {"kind", "Pod"},
            {"metadata", {{"name", name}, {"namespace", ns}, {"uid", "u-" + name}}}};
  if (!owner.empty())
    tree["metadata"]["ownerReferences"] = json::array(
      {{{"apiVersion", "v1"}, {"kind", "X"}, {"name", "x"}, {"uid", owner}, {"controller", true}}});
  return std::make_shared<const api::object>(
    api::parse_object(share(api::encode(tree)), revision{version}).value());
}

std::string names(const std::vector<api::object_ptr>& all) {
  std::string out;
  for (const auto& o : all)
    out += o->meta.name + " ";
  return out;
}

TEST_CASE("cache: finds objects by name, namespace, owner and lack of one") {
  cache c{{of::pods}};
  std::string told;
  auto tell = [&](const resource&, const api::object_ptr& now, const api::object_ptr& before) {
    told += (now ? "+" + now->meta.name : "") + (before ? "-" + before->meta.name : "") + " ";
  };
  CHECK_FALSE(c.complete());
  c.whole(of::pods, {pod("a", 1), pod("b", 2, "o"), pod("c", 3, "o", "e")}, tell);
  CHECK(c.complete());
  CHECK(told == "+a +b +c ");
  CHECK(names(c.in(of::pods, "d")) == "a b ");
  CHECK(names(c.owned(of::pods, "o")) == "b c ");
  CHECK(names(c.orphans(of::pods, "d")) == "a ");
  told.clear();
  c.put(of::pods, pod("a", 4, "o"), tell); // adopted
  c.put(of::pods, pod("a", 4, "o"), tell); // told again
  c.put(of::pods, pod("a", 1), tell);      // an old version
  CHECK(told == "+a-a ");
  CHECK(names(c.orphans(of::pods, "d")) == "");
  told.clear();
  c.whole(of::pods, {pod("b", 2, "o")}, tell);
  CHECK(told == "-a -c ");
  CHECK(names(c.owned(of::pods, "o")) == "b ");
  c.gone(of::pods, "d", "b", tell);
  CHECK(c.get(of::pods, "d", "b") == nullptr);
  CHECK(c.owned(of::pods, "o").empty());
}

TEST_CASE("cache: a view belongs to the version it was read from") {
  cache c{{of::pods}};
  auto ignore = [](const resource&, const api::object_ptr&, const api::object_ptr&) {};
  c.put(of::pods, pod("a", 1), ignore);
  CHECK(c.view<views::pod>(of::pods, c.get(of::pods, "d", "a"))->meta.version == revision{1});
  auto old = c.get(of::pods, "d", "a");
  c.put(of::pods, pod("a", 2), ignore);
  CHECK(c.view<views::pod>(of::pods, c.get(of::pods, "d", "a"))->meta.version == revision{2});
  CHECK(c.view<views::pod>(of::pods, old)->meta.version == revision{1});
}

// -- requests -----------------------------------------------------------------------

TEST_CASE("requests: preconditions go into the body of a patch and the options of a delete") {
  target t{.of = of::pods, .ns = "d", .name = "p", .uid = "u", .version = revision{9}};
  auto merge = request_of(patch{.at = t, .body = R"({"metadata":{"labels":{"a":"b"}}})"});
  CHECK(merge->verb == api::verb::patch);
  CHECK(json::parse(merge->body)
        == json::parse(R"({"metadata":{"labels":{"a":"b"},"uid":"u","resourceVersion":"9"}})"));
  auto ops = request_of(
    patch{.at = t, .body = R"([{"op":"remove","path":"/x"}])", .how = api::patch_type::json});
  CHECK(json::parse(ops->body).size() == 3);
  CHECK(json::parse(ops->body)[2]["op"] == "remove");
  auto gone = request_of(remove{.at = t, .grace = 0});
  CHECK(gone->options.precondition_uid == "u");
  CHECK(gone->options.precondition_version == revision{9});
  CHECK(gone->options.grace == 0);
  CHECK_FALSE(request_of(again{1s}));
}

TEST_CASE("requests: only a subresource's create names its object in the path") {
  CHECK(request_of(create{of::pods, "d", "p", "{}"})->name == "");
  CHECK(request_of(create{of::pods, "d", "p", "{}", "binding"})->name == "p");
}

TEST_CASE("requests: a Status is read as the failure that it tells") {
  api::response r;
  r.code = 409;
  r.body = share(R"({"kind":"Status","reason":"AlreadyExists","message":"pods p already exists"})");
  CHECK(failure_of(r)->reason == reason::already_exists);
  CHECK(failure_of(r)->message == "pods p already exists");
  r.code = 201;
  CHECK_FALSE(failure_of(r));
}

TEST_CASE("events: what is said again counts up") {
  event_book book{2, 10min};
  random_source random{1};
  auto about = [](std::string name) {
    return emit{
      .about = {.of = of::pods, .ns = "d", .name = std::move(name)}, .reason = "R", .message = "m"};
  };
  auto first = book.note(about("a"), at(0), random);
  CHECK(first.count == 1);
  CHECK(first.name.starts_with("a."));
  CHECK(first.name.size() == 18);
  auto second = book.note(about("a"), at(1000), random);
  CHECK(second.count == 2);
  CHECK(second.name == first.name);
  CHECK(book.note(about("a"), at(1000) + 11min, random).count == 1);
  book.note(about("b"), at(1000) + 12min, random);
  book.note(about("c"), at(1000) + 13min, random); // forgets the oldest
  CHECK(book.note(about("b"), at(1000) + 13min, random).count == 2);
}

} // namespace
} // namespace troupe::control
