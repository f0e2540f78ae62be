#include "actors/api/patch/patch.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <array>

namespace troupe::patch {
namespace {

using json = nlohmann::json;
using schema::field;
using schema::patch_strategy;
using schema::shape;
using schema::type;

// A small pod: a list merged by name, one merged by two-level names, primitives, an atomic list, a
// map.
const type text{.what = shape::string};
const type text_list{.what = shape::array, .element = &text};
const type text_map{.what = shape::map, .element = &text};
const std::array<field, 2> env_fields{field{.name = "name", .of = &text},
                                      field{.name = "value", .of = &text}};
const type env{.what = shape::object, .fields = env_fields};
const type env_list{.what = shape::array, .element = &env};
const std::array<field, 4> container_fields{
  field{.name = "args", .of = &text_list},
  field{.name = "env", .of = &env_list, .strategy = patch_strategy::merge, .merge_key = "name"},
  field{.name = "image", .of = &text}, field{.name = "name", .of = &text}};
const type container{.what = shape::object, .fields = container_fields};
const type container_list{.what = shape::array, .element = &container};
const std::array<field, 2> strategy_fields{field{.name = "rollingUpdate", .of = &text_map},
                                           field{.name = "type", .of = &text}};
const type strategy{.what = shape::object, .fields = strategy_fields};
const std::array<field, 5> root_fields{
  field{.name = "containers",
        .of = &container_list,
        .strategy = patch_strategy::merge,
        .merge_key = "name"},
  field{.name = "finalizers", .of = &text_list, .strategy = patch_strategy::merge},
  field{.name = "labels", .of = &text_map},
  field{.name = "replaced", .of = &strategy, .strategy = patch_strategy::replace},
  field{.name = "strategy", .of = &strategy, .strategy = patch_strategy::retain_keys}};
const type root{.what = shape::object, .fields = root_fields};

std::string run(const char* target, const char* patch) {
  auto out = apply_strategic(json::parse(target), json::parse(patch), root);
  return out ? out->dump() : "refused: " + out.error().message;
}

TEST_CASE("strategic merge: maps merge, nulls delete, unmatched nulls vanish") {
  CHECK(run(R"({"labels":{"a":"1","b":"2"}})", R"({"labels":{"a":null,"c":"3","d":null}})")
        == R"({"labels":{"b":"2","c":"3"}})");
  CHECK(run(R"({})", R"({"labels":{"a":null,"b":"1"}})") == R"({"labels":{"b":"1"}})");
  CHECK(run(R"({"x":{"y":1}})", R"({"x":{"z":2}})") == R"({"x":{"y":1,"z":2}})");
}

TEST_CASE("strategic merge: lists merge by key, others are replaced") {
  CHECK(
    run(R"({"containers":[{"name":"a","image":"1"},{"name":"b","image":"1","args":["x","y"]}]})",
        R"({"containers":[{"name":"b","image":"2","args":["z"]},{"name":"c","image":"3"}]})")
    == R"({"containers":[{"image":"1","name":"a"},{"args":["z"],"image":"2","name":"b"},{"image":"3","name":"c"}]})");
  CHECK(
    run(R"({"containers":[{"name":"a","env":[{"name":"X","value":"1"}]}]})",
        R"({"containers":[{"name":"a","env":[{"name":"Y","value":"2"}]}]})")
    == R"({"containers":[{"env":[{"name":"Y","value":"2"},{"name":"X","value":"1"}],"name":"a"}]})");
  CHECK(run(R"({"finalizers":["a","b"]})", R"({"finalizers":["b","c"]})")
        == R"({"finalizers":["a","b","c"]})");
  CHECK(run(R"({"containers":[{"name":"a"}]})", R"({"containers":[{"image":"x"}]})")
        == R"(refused: map: {"image":"x"} does not contain declared merge key: name)");
}

TEST_CASE("strategic merge: the $patch directive deletes and replaces") {
  CHECK(run(R"({"containers":[{"name":"a"},{"name":"b"}]})",
            R"({"containers":[{"name":"a","$patch":"delete"}]})")
        == R"({"containers":[{"name":"b"}]})");
  CHECK(run(R"({"containers":[{"name":"a"},{"name":"b"}]})",
            R"({"containers":[{"name":"c"},{"$patch":"replace"}]})")
        == R"({"containers":[{"name":"c"}]})");
  CHECK(run(R"({"labels":{"a":"1"}})", R"({"labels":{"$patch":"replace","b":"2"}})")
        == R"({"labels":{"b":"2"}})");
  CHECK(run(R"({"labels":{"a":"1"}})", R"({"labels":{"$patch":"delete"}})") == R"({"labels":{}})");
  CHECK(run(R"({"labels":{"a":"1"}})", R"({"labels":{"$patch":"merge","b":"2"}})")
        == R"({"labels":{"a":"1","b":"2"}})");
  CHECK(run(R"({"labels":{"a":"1"}})", R"({"labels":{"$patch":"frob"}})").substr(0, 27)
        == "refused: unknown patch type");
  CHECK(run(R"({})", R"({"containers":[{"name":"a","$patch":"delete"},{"name":"b"}]})")
        == R"({"containers":[{"name":"b"}]})");
  CHECK(
    run(R"({"replaced":{"type":"x","rollingUpdate":{"a":"b"}}})", R"({"replaced":{"type":"y"}})")
    == R"({"replaced":{"type":"y"}})");
}

TEST_CASE("strategic merge: $retainKeys clears what it does not name") {
  CHECK(run(R"({"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":"1"}}})",
            R"({"strategy":{"$retainKeys":["type"],"type":"Recreate"}})")
        == R"({"strategy":{"type":"Recreate"}})");
  CHECK(run(R"({"strategy":{}})", R"({"strategy":{"$retainKeys":["type"],"rollingUpdate":{}}})")
          .substr(0, 7)
        == "refused");
}

TEST_CASE(
  "strategic merge: $setElementOrder puts the list in order and keeps foreign entries in place") {
  CHECK(
    run(
      R"({"containers":[{"name":"a"},{"name":"sidecar"},{"name":"b"}]})",
      R"({"$setElementOrder/containers":[{"name":"b"},{"name":"a"}],"containers":[{"name":"a","image":"x"}]})")
    == R"({"containers":[{"name":"sidecar"},{"name":"b"},{"image":"x","name":"a"}]})");
  CHECK(
    run(R"({"finalizers":["a","b","c"]})",
        R"({"$setElementOrder/finalizers":["c","b"],"$deleteFromPrimitiveList/finalizers":["a"]})")
    == R"({"finalizers":["c","b"]})");
  CHECK(
    run(R"({"containers":[{"name":"a"}]})",
        R"({"$setElementOrder/containers":[{"name":"a"}],"containers":[{"name":"z","image":"x"}]})")
      .find("doesn't match $setElementOrder list")
    != std::string::npos);
  CHECK(
    run(
      R"({"containers":[{"name":"a"},{"name":"b"}]})",
      R"({"$setElementOrder/containers":[{"name":"a"}],"containers":[{"name":"b","$patch":"delete"}]})")
    == R"({"containers":[{"name":"a"}]})");
}

TEST_CASE("strategic merge: kubectl apply's three-way patch reaches the wanted list") {
  // last applied: a, b; live: a, b, injected; wanted: c, a with a new image
  CHECK(
    run(R"({"containers":[{"name":"a","image":"1"},{"name":"b"},{"name":"injected"}]})",
        R"({"$setElementOrder/containers":[{"name":"c"},{"name":"a"}],
                "containers":[{"name":"c","image":"3"},{"name":"a","image":"2"},{"$patch":"delete","name":"b"}]})")
    == R"({"containers":[{"image":"3","name":"c"},{"image":"2","name":"a"},{"name":"injected"}]})");
}

} // namespace
} // namespace troupe::patch
