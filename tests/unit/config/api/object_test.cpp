#include "config/api/object.hpp"
#include "config/base/random.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace troupe;
using namespace troupe::api;
using json = nlohmann::json;

namespace {

json full_tree() {
  return json::parse(R"({"spec":{"metadata":{"x":1}},"metadata":{"name":"web-0","namespace":"shop",
    "uid":"u-1","resourceVersion":"77","generation":3,"generateName":"web-",
    "creationTimestamp":"2026-11-22T16:41:34Z","deletionTimestamp":"2026-11-22T17:00:00Z",
    "deletionGracePeriodSeconds":0,"labels":{"app":"w\"eb","tier":""},"annotations":{"k\n":"ü"},
    "ownerReferences":[{"apiVersion":"apps/v1","kind":"StatefulSet","name":"web","uid":"u-0",
      "controller":true,"blockOwnerDeletion":true},{"kind":"X","name":"y","uid":"z"}],
    "finalizers":["a/b","c"],"managedFields":[{"manager":"m","fieldsV1":{"f:x":{}}}]},
    "kind":"Pod","apiVersion":"v1","status":null})");
}

object parsed(const json& tree, revision version = revision{9}) {
  auto made = parse_object(share(encode(tree)), version);
  REQUIRE(made);
  return *made;
}

} // namespace

TEST_CASE("object: the canonical encoding begins with apiVersion, kind and metadata") {
  auto bytes = encode(full_tree());
  CHECK(bytes.starts_with(R"({"apiVersion":"v1","kind":"Pod","metadata":{"annotations":)"));
  CHECK(bytes.find("resourceVersion") == std::string::npos);
  auto without = full_tree();
  without["metadata"].erase("resourceVersion");
  CHECK(json::parse(bytes) == without);
  CHECK(encode(json::parse(bytes)) == bytes);
  CHECK(encode(json::object()) == R"({"apiVersion":"","kind":"","metadata":{}})");
}

TEST_CASE("object: managedFields stand last in the metadata and are cut out and put in as text") {
  auto tree = full_tree();
  auto bytes = encode(tree);
  auto owners = managed_fields(bytes);
  CHECK(owners == R"([{"fieldsV1":{"f:x":{}},"manager":"m"}])");
  CHECK(bytes.find(R"("uid":"u-1","managedFields":[)") != std::string::npos);
  auto bare = without(bytes, owners);
  tree["metadata"].erase("managedFields");
  CHECK(bare == encode(tree));
  CHECK(encode(tree, owners) == bytes);
  CHECK(managed_fields(bare).empty());
  CHECK(without(bare, {}) == bare);
  json alone{{"kind", "K"}, {"metadata", {{"managedFields", json::array({1})}}}};
  auto only = encode(alone);
  CHECK(without(only, managed_fields(only)) == R"({"apiVersion":"","kind":"K","metadata":{}})");
  std::string first = R"({"apiVersion":"","kind":"K","metadata":{"managedFields":[1],"name":"n"}})";
  CHECK(without(first, managed_fields(first))
        == R"({"apiVersion":"","kind":"K","metadata":{"name":"n"}})");
}

TEST_CASE("object: metadata is read from the encoded bytes") {
  auto o = parsed(full_tree());
  CHECK(o.api_version == "v1");
  CHECK(o.kind == "Pod");
  CHECK(o.meta.name == "web-0");
  CHECK(o.meta.ns == "shop");
  CHECK(o.meta.uid == "u-1");
  CHECK(o.meta.generate_name == "web-");
  CHECK(o.meta.version == revision{9});
  CHECK(o.meta.generation == 3);
  CHECK(format_time(o.meta.created.value()) == "2026-11-22T16:41:34Z");
  CHECK(format_time(o.meta.deleted.value()) == "2026-11-22T17:00:00Z");
  CHECK(o.meta.grace == 0);
  CHECK(o.meta.labels == string_map{{"app", "w\"eb"}, {"tier", ""}});
  CHECK(o.meta.annotations == string_map{{"k\n", "ü"}});
  CHECK(o.meta.finalizers == std::vector<std::string>{"a/b", "c"});
  REQUIRE(o.meta.owners.size() == 2);
  CHECK(o.meta.owners[0] == owner{"apps/v1", "StatefulSet", "web", "u-0", true, true});
  CHECK(o.meta.controller() == &o.meta.owners[0]);
}

TEST_CASE("object: nulls and absent metadata are empty") {
  auto o = parsed(json::parse(R"({"apiVersion":"v1","kind":"Pod","metadata":{"labels":null,
    "ownerReferences":null,"finalizers":null,"creationTimestamp":null,"generation":null}})"));
  auto empty = metadata{};
  empty.version = revision{9};
  CHECK(o.meta == empty);
  CHECK(o.meta.controller() == nullptr);
}

TEST_CASE("object: bodies that are no objects are refused") {
  for (const char* body : {"", "{", "[]", "7", "{}", R"({"apiVersion":"v1","metadata":{}})",
                           R"({"kind":"Pod","metadata":7})", R"({"kind":7,"metadata":{}})",
                           R"({"kind":"Pod","metadata":{"creationTimestamp":"soon"}})"}) {
    auto made = parse_object(share(body), revision{1});
    CHECK_MESSAGE(!made, body);
    CHECK(made.error().reason == reason::bad_request);
  }
}

TEST_CASE("object: the resource version is spliced into metadata") {
  CHECK(with_version(R"({"apiVersion":"v1","kind":"P","metadata":{"name":"a"}})", revision{5})
        == R"({"apiVersion":"v1","kind":"P","metadata":{"resourceVersion":"5","name":"a"}})");
  CHECK(with_version(R"({"apiVersion":"v1","kind":"P","metadata":{}})", revision{5})
        == R"({"apiVersion":"v1","kind":"P","metadata":{"resourceVersion":"5"}})");
  CHECK(with_version(R"({"apiVersion":"v1","kind":"P","metadata":{}})", revision{})
        == R"({"apiVersion":"v1","kind":"P","metadata":{}})");
}

TEST_CASE("object: no text in front of metadata misleads the splice") {
  for (const char* trap : {",\"metadata\":{", "\\", "\\\"", "\",\"metadata\":{", ","}) {
    json tree = {{"apiVersion", trap}, {"kind", trap}, {"metadata", {{"name", trap}}}};
    auto spliced = json::parse(with_version(encode(tree), revision{12}));
    tree["metadata"]["resourceVersion"] = "12";
    CHECK(spliced == tree);
  }
}

TEST_CASE("object: a tree carries the version and encodes to the same bytes") {
  auto o = parsed(full_tree(), revision{77});
  auto tree = to_tree(o);
  CHECK(tree == full_tree());
  CHECK(encode(tree) == *o.body);
  CHECK_FALSE(to_tree(parsed(full_tree(), revision{}))["metadata"].contains("resourceVersion"));
}

TEST_CASE("time: instants are written in UTC with seconds or microseconds") {
  auto t = instant(std::chrono::seconds(1795365694)) + 123456789ns;
  CHECK(format_time(t) == "2026-11-22T16:41:34Z");
  CHECK(format_micro_time(t) == "2026-11-22T16:41:34.123456Z");
  CHECK(format_time(instant{}) == "1970-01-01T00:00:00Z");
  CHECK(format_micro_time(instant{} - 1ns) == "1969-12-31T23:59:59.999999Z");
}

TEST_CASE("time: RFC 3339 is read with fractions and offsets, and nothing else is") {
  auto base = instant(std::chrono::seconds(1795365694));
  struct {
    const char* text;
    instant wanted;
  } good[] = {
    {"2026-11-22T16:41:34Z", base},
    {"2026-11-22T17:41:34+01:00", base},
    {"2026-11-22T11:11:34-05:30", base},
    {"2026-11-22T16:41:34.5Z", base + 500ms},
    {"2026-11-22T16:41:34.123456789Z", base + 123456789ns},
    {"2026-11-22T16:41:34.1234567891Z", base + 123456789ns},
  };
  for (const auto& row : good)
    CHECK_MESSAGE(parse_time(row.text).value_or(instant{}) == row.wanted, row.text);
  for (const char* bad : {"", "2026-11-22", "2026-11-22T16:41:34", "2026-11-22 16:41:34Z",
                          "2026-13-22T16:41:34Z", "2026-02-30T16:41:34Z", "2026-11-22T24:41:34Z",
                          "2026-11-22T16:41:34.Z", "2026-11-22T16:41:34Zx", "0001-01-01T00:00:00Z",
                          "2026-11-22T16:41:34+25:00", "2026-11-22T16:41:34+0100"})
    CHECK_MESSAGE(!parse_time(bad), bad);
}

TEST_CASE("time: what is written is read again") {
  random_source chance(7);
  for (int i = 0; i < 1000; ++i) {
    auto micros = chance.below(9'000'000'000'000'000);
    auto t = instant(std::chrono::microseconds(micros));
    CHECK(*parse_time(format_micro_time(t)) == t);
    CHECK(*parse_time(format_time(t)) == std::chrono::floor<std::chrono::seconds>(t));
  }
}
