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

TEST_CASE("etcd: a transaction's compares and orders keep their fields") {
  using etcd::compare;
  using kind = etcd::order::kind;
  etcd::txn t;
  t.when = {{"a", compare::field::created, compare::test::equal, {}},
            {"b", compare::field::created, compare::test::greater, {}},
            {"c", compare::field::modified, compare::test::equal, revision{7}}};
  t.then = {{kind::put, "a", "1", 9}, {kind::erase, "b", "", 0}};
  t.otherwise = {{kind::look, "c", "", 0}};
  auto wire = etcd::to_wire(t);
  REQUIRE(wire.compare_size() == 3);
  CHECK(wire.compare(0).target() == pb::Compare::CREATE);
  CHECK(wire.compare(0).result() == pb::Compare::EQUAL);
  CHECK(wire.compare(1).result() == pb::Compare::GREATER);
  CHECK(wire.compare(2).target() == pb::Compare::MOD);
  CHECK(wire.compare(2).mod_revision() == 7);
  REQUIRE(wire.success_size() == 2);
  CHECK(wire.success(0).request_put().value() == "1");
  CHECK(wire.success(0).request_put().lease() == 9);
  CHECK(wire.success(1).request_delete_range().key() == "b");
  REQUIRE(wire.failure_size() == 1);
  CHECK(wire.failure(0).request_range().keys_only());
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

TEST_CASE("etcd: a transaction's answer says what was erased and what was looked at") {
  pb::TxnResponse wire;
  wire.mutable_header()->set_revision(12);
  wire.set_succeeded(true);
  wire.add_responses()->mutable_response_put();
  wire.add_responses()->mutable_response_delete_range()->set_deleted(1);
  wire.add_responses()->mutable_response_range()->add_kvs()->set_mod_revision(4);
  auto got = etcd::from_wire(std::move(wire));
  CHECK(got.done);
  CHECK(got.at == revision{12});
  REQUIRE(got.answers.size() == 3);
  CHECK(got.answers[1].erased == 1);
  CHECK(got.answers[2].records.at(0).modified == revision{4});
}

TEST_CASE("etcd: an event says what was there before") {
  pb::Event wire;
  wire.set_type(pb::Event::DELETE);
  wire.mutable_kv()->set_key("k");
  wire.mutable_kv()->set_mod_revision(6);
  wire.mutable_prev_kv()->set_value("old");
  auto got = etcd::from_wire(std::move(wire));
  CHECK(got.erased);
  CHECK(got.now.modified == revision{6});
  REQUIRE(got.before);
  CHECK(got.before->value == "old");
}
