#include "store/etcd/convert.hpp"

#include <doctest/doctest.h>

using namespace troupe;
namespace pb = etcdserverpb;

TEST_CASE("etcd: the end of a prefix is the first key after all that start with it") {
  CHECK(etcd::end_of_prefix("/a/") == "/a0");
  CHECK(etcd::end_of_prefix(std::string{"a\xff\xff"}) == "b");
  CHECK(etcd::end_of_prefix("") == std::string(1, '\0'));
  CHECK(etcd::end_of_prefix("\xff") == std::string(1, '\0'));
}

TEST_CASE("etcd: a transaction's predicates become compares, its operations requests") {
  using test = store::predicate::test;
  store::transaction t;
  t.when = {
    {test::absent, "a", {}}, {test::present, "b", {}}, {test::modified_is, "c", revision{7}}};
  t.then = {{store::operation::kind::put, "a", "1"}, {store::operation::kind::erase, "b", ""}};
  auto wire = etcd::to_wire(t);
  REQUIRE(wire);
  REQUIRE(wire->compare_size() == 3);
  CHECK(wire->compare(0).target() == pb::Compare::CREATE);
  CHECK(wire->compare(0).result() == pb::Compare::EQUAL);
  CHECK(wire->compare(1).result() == pb::Compare::GREATER);
  CHECK(wire->compare(2).target() == pb::Compare::MOD);
  CHECK(wire->compare(2).mod_revision() == 7);
  REQUIRE(wire->success_size() == 2);
  CHECK(wire->success(0).request_put().value() == "1");
  CHECK(wire->success(1).request_delete_range().key() == "b");
  CHECK(wire->failure_size() == 0);
}

TEST_CASE("etcd: a fence is refused, not forgotten") {
  store::transaction t;
  t.fence = term_id{3};
  auto wire = etcd::to_wire(t);
  REQUIRE(!wire);
  CHECK(wire.error().reason == reason::bad_request);
}

TEST_CASE("etcd: a range's answer keeps keys, values and revisions") {
  pb::RangeResponse wire;
  wire.mutable_header()->set_revision(9);
  wire.set_count(5);
  auto* kv = wire.add_kvs();
  kv->set_key("k");
  kv->set_value(std::string("\0v", 2));
  kv->set_create_revision(2);
  kv->set_mod_revision(8);
  auto got = etcd::from_wire(std::move(wire));
  CHECK(got.at == revision{9});
  CHECK(got.count == 5);
  REQUIRE(got.records.size() == 1);
  CHECK(got.records[0].value == std::string("\0v", 2));
  CHECK(got.records[0].created == revision{2});
  CHECK(got.records[0].modified == revision{8});
}
