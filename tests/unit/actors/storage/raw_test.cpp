#include "actors/storage/raw.hpp"
#include "peaceful.hpp"
#include "store/machine/command.hpp"

#include <doctest/doctest.h>

using namespace troupe;
using namespace troupe::sim;

namespace {

storage::raw_actor raw_at(peaceful& p, std::size_t at) {
  return storage::spawn_raw({.process = p.c.members[at].now->process, .path = "raw-under-test"},
                            p.replica(at));
}

storage::commit_raw put(const std::string& key, const std::string& value) {
  return {store::encode(peaceful::put(key, value).what)};
}

} // namespace

TEST_CASE("raw store: what one master committed is read and listed through another") {
  peaceful p{3};
  REQUIRE(p.led());
  auto here = raw_at(p, *p.leader());
  auto there = raw_at(p, p.follower());
  for (const char* key : {"a", "b", "c", "d"}) {
    auto done = p.world().ask<storage::raw_committed>(there, put(key, "1"), 20s);
    REQUIRE(done);
    CHECK(done->status == store::outcome::status::applied);
  }
  auto read = p.world().ask<storage::raw_read>(here, storage::read_raw{.key = "b"}, 20s);
  REQUIRE(read);
  CHECK(read->there);
  CHECK(read->value == "1");
  auto none = p.world().ask<storage::raw_read>(here, storage::read_raw{.key = "x"}, 20s);
  REQUIRE(none);
  CHECK_FALSE(none->there);
  auto list = p.world().ask<storage::raw_listed>(
    here, storage::list_raw{.prefix = "", .from = "b", .limit = 2}, 20s);
  REQUIRE(list);
  auto records = storage::read_records(*list);
  REQUIRE(records);
  REQUIRE(records->size() == 2);
  CHECK((*records)[0].key == "b");
  CHECK((*records)[1].key == "c");
  CHECK((*records)[1].value == "1");
  CHECK((*records)[1].modified > (*records)[0].modified);
  CHECK(list->more);
}

TEST_CASE("raw store: a list goes on at the revision of its first page, kept or from history") {
  peaceful p{1};
  REQUIRE(p.led());
  auto raw = raw_at(p, 0);
  for (const char* key : {"a", "b", "c"})
    REQUIRE(p.write(0, key, "1"));
  auto first =
    p.world().ask<storage::raw_listed>(raw, storage::list_raw{.prefix = "", .limit = 1}, 20s);
  REQUIRE(first);
  REQUIRE(first->more);
  REQUIRE(p.write(0, "b", "2"));
  REQUIRE(p.write(0, "d", "1"));
  storage::list_raw rest{.prefix = "", .from = "b", .limit = 10, .at = first->at};
  for (auto pause : {0s, 30s}) { // the view is kept for 10 s; then the past is read
    p.world().advance(pause);
    auto next = p.world().ask<storage::raw_listed>(raw, rest, 20s);
    REQUIRE(next);
    CHECK(next->at == first->at);
    auto records = storage::read_records(*next);
    REQUIRE(records);
    REQUIRE(records->size() == 2);
    CHECK((*records)[0].value == "1");
    CHECK((*records)[1].key == "c");
    CHECK_FALSE(next->more);
  }
}

TEST_CASE("raw store: records that are cut short or too many are refused") {
  peaceful p{1};
  REQUIRE(p.led());
  REQUIRE(p.write(0, "a", "1"));
  auto list = p.world().ask<storage::raw_listed>(raw_at(p, 0),
                                                 storage::list_raw{.prefix = "", .limit = 10}, 20s);
  REQUIRE(list);
  REQUIRE(storage::read_records(*list));
  auto damaged = *list;
  damaged.records.pop_back();
  CHECK_FALSE(storage::read_records(damaged));
  damaged = *list;
  ++damaged.count;
  CHECK_FALSE(storage::read_records(damaged));
  damaged = *list;
  damaged.count = 0;
  CHECK_FALSE(storage::read_records(damaged));
}

TEST_CASE("raw store: a failed predicate is told, with which one") {
  peaceful p{1};
  REQUIRE(p.led());
  auto raw = raw_at(p, 0);
  REQUIRE(p.write(0, "a", "1"));
  auto what = peaceful::put("a", "2").what;
  what.when = {{store::predicate::test::present, "a", {}},
               {store::predicate::test::absent, "a", {}}};
  auto done =
    p.world().ask<storage::raw_committed>(raw, storage::commit_raw{store::encode(what)}, 20s);
  REQUIRE(done);
  CHECK(done->status == store::outcome::status::predicate_failed);
  CHECK(done->failed == 1);
  CHECK(p.read(0, "a") == "1");
}

TEST_CASE("raw store: refuses fences, other commands, nonsense and boundless lists") {
  peaceful p{1};
  REQUIRE(p.led());
  auto raw = raw_at(p, 0);
  auto fenced = peaceful::put("a", "1").what;
  fenced.fence = term_id{1};
  for (const auto& bytes :
       {store::encode(fenced), store::encode(store::command{store::compact_history{revision{1}}}),
        std::string{"nonsense"}, std::string{}}) {
    auto done = p.world().ask<storage::raw_committed>(raw, storage::commit_raw{bytes}, 20s);
    REQUIRE(!done);
    CHECK(done.error().reason == reason::bad_request);
  }
  auto list = p.world().ask<storage::raw_listed>(raw, storage::list_raw{.limit = 0}, 20s);
  REQUIRE(!list);
  CHECK(list.error().reason == reason::bad_request);
}
