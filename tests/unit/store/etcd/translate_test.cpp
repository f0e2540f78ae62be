#include "store/base/index.hpp"
#include "store/etcd/translate.hpp"

#include <doctest/doctest.h>

using namespace troupe;
using test = store::predicate::test;
using op = store::operation::kind;
using status = store::outcome::status;

namespace {

const etcd::key_space keys{"/troupe"};

store::transaction service() {
  store::transaction t;
  t.when = {{test::absent, "/registry/core/services/default/s", {}},
            {test::absent, "/allocations/clusterips/10.96.0.7", {}},
            {test::modified_is, "/registry/core/namespaces/default", revision{40}}};
  t.then = {{op::put, "/registry/core/services/default/s", "S"},
            {op::put, "/allocations/clusterips/10.96.0.7", "default/s"}};
  t.cause = cause_id{77};
  return t;
}

etcd::order_answer found(std::uint64_t created, std::uint64_t modified) {
  etcd::order_answer out;
  out.records.push_back(
    {.key = "", .value = "", .created = revision{created}, .modified = revision{modified}});
  return out;
}

} // namespace

TEST_CASE("etcd transaction: the head is put with it and carries its cause") {
  auto t = etcd::to_txn(keys, service(), "");
  REQUIRE(t);
  REQUIRE(t->then.size() == 3);
  CHECK(t->then.back().key == "/troupe/head");
  CHECK(etcd::cause_in(t->then.back().value) == cause_id{77});
  CHECK(t->when.size() == 3);
  CHECK(t->otherwise.size() == 4); // a look at each predicate's key, and at the head
}

TEST_CASE("etcd transaction: the fence is the creation of the election key") {
  auto what = service();
  what.fence = term_id{31};
  auto t = etcd::to_txn(keys, what, "/troupe/election/1f");
  REQUIRE(t);
  CHECK(t->when.front()
        == etcd::compare{"/troupe/election/1f", etcd::compare::field::created,
                         etcd::compare::test::equal, revision{31}});
}

TEST_CASE("etcd transaction: two objects of one kind are refused, of two kinds are not") {
  store::transaction t;
  t.then = {{op::erase, "/registry/core/pods/default/a", ""},
            {op::put, "/registry/policy/poddisruptionbudgets/default/b", "B"}};
  CHECK(etcd::to_txn(keys, t, ""));
  t.then.push_back({op::put, "/registry/core/pods/default/c", "C"});
  auto refused = etcd::to_txn(keys, t, "");
  REQUIRE(!refused);
  CHECK(refused.error().reason == reason::bad_request);
}

TEST_CASE("etcd transaction: done, its revision is that of all its changes") {
  etcd::committed answer{.done = true, .at = revision{50}, .answers = {{}, {}, {}}};
  auto got = etcd::conclude(service(), answer);
  CHECK(got.what.what == status::applied);
  CHECK(got.what.first == revision{50});
  CHECK(got.what.last == revision{50});
  CHECK(got.contains == revision{50});
}

TEST_CASE("etcd transaction: erasing what is not there changes nothing") {
  store::transaction t;
  t.then = {{op::erase, "/a", ""}};
  etcd::committed answer{.done = true, .at = revision{50}, .answers = {{}, {}}};
  CHECK(etcd::conclude(t, answer).what.first == revision{});
  answer.answers.front().erased = 1;
  CHECK(etcd::conclude(t, answer).what.first == revision{50});
}

TEST_CASE("etcd transaction: a failed predicate is named, and the head says how far to look") {
  // the service is absent, the address is taken
  etcd::committed answer{
    .done = false, .at = revision{90}, .answers = {{}, found(60, 60), found(2, 40), found(1, 88)}};
  auto got = etcd::conclude(service(), answer);
  CHECK(got.what.what == status::predicate_failed);
  CHECK(got.what.failed == 1);
  CHECK(got.contains == revision{88});
  answer.answers = {{}, {}, found(2, 41), found(1, 88)};
  CHECK(etcd::conclude(service(), answer).what.failed == 2);
}

TEST_CASE("etcd transaction: a lost election is a stale term, whatever else failed") {
  auto what = service();
  what.fence = term_id{31};
  etcd::committed answer{
    .done = false, .at = revision{90}, .answers = {{}, {}, {}, found(2, 40), found(1, 88)}};
  CHECK(etcd::conclude(what, answer).what.what == status::stale_term);
  answer.answers.front() = found(31, 31);
  answer.answers[1] = found(60, 60);
  auto got = etcd::conclude(what, answer);
  CHECK(got.what.what == status::predicate_failed);
  CHECK(got.what.failed == 0);
}

TEST_CASE("etcd transaction: a put of the bytes that a predicate vouches for is left out") {
  store::record_index records;
  records.put(std::make_shared<const store::record>(store::record{
    .key = "/a", .value = share("same"), .created = revision{3}, .modified = revision{5}}));
  auto view = store::make_view(records, revision{9});
  store::transaction t;
  t.when = {{test::modified_is, "/a", revision{5}}};
  t.then = {{op::put, "/a", "same"}, {op::put, "/b", "same"}};
  etcd::drop_unchanged(t, *view);
  REQUIRE(t.then.size() == 1);
  CHECK(t.then.front().key == "/b");
  t.when.front().at = revision{4};
  t.then = {{op::put, "/a", "same"}};
  etcd::drop_unchanged(t, *view);
  CHECK(t.then.size() == 1); // it may be another value by now
}

TEST_CASE("etcd keys: each lies where it is found again") {
  using kind = etcd::key_space::kind;
  auto data = keys.data("/registry/core/pods/default/a");
  CHECK(data == "/troupe/data/registry/core/pods/default/a");
  CHECK(keys.parse(data).what == kind::data);
  CHECK(keys.parse(data).name == "/registry/core/pods/default/a");
  auto election = keys.election(0x1f);
  CHECK(election == "/troupe/election/1f");
  CHECK(keys.parse(election).what == kind::election);
  auto master = keys.master("master-1");
  CHECK(keys.parse(master).what == kind::master);
  CHECK(keys.parse(master).name == "master-1");
  CHECK(keys.parse("/troupe/head").what == kind::head);
  CHECK(keys.parse("/troupe/format").what == kind::other);
  CHECK(keys.parse("/troupe2/head").what == kind::other);
  CHECK(keys.end() == "/troupe0");
}

TEST_CASE("etcd keys: another cluster's prefix and an unknown format are refused") {
  CHECK(etcd::check_format(etcd::format_text("a"), "a", "/troupe"));
  auto other = etcd::check_format(etcd::format_text("b"), "a", "/troupe");
  REQUIRE(!other);
  CHECK(other.error().message.find("'b'") != std::string::npos);
  CHECK(!etcd::check_format("troupe store 2 a", "a", "/troupe"));
}
