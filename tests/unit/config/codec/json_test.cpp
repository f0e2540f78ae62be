#include "config/base/random.hpp"
#include "config/codec/json.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace troupe;
using namespace troupe::codec;
using json = nlohmann::json;

namespace {

std::string nested(std::size_t levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}

json random_value(random_source& chance, int depth) {
  switch (chance.below(depth > 0 ? 8 : 6)) {
  case 0: return nullptr;
  case 1: return chance.chance(1, 2);
  case 2: return static_cast<std::int64_t>(chance());
  case 3: return chance();
  case 4: return static_cast<double>(chance.below(1'000'000)) / 64;
  case 5: return "te\"xt\n\u00fc" + std::to_string(chance.below(100));
  case 6: {
    auto out = json::array();
    for (auto n = chance.below(5); n > 0; --n)
      out.push_back(random_value(chance, depth - 1));
    return out;
  }
  default: {
    auto out = json::object();
    for (auto n = chance.below(5); n > 0; --n)
      out["k" + std::to_string(chance.below(50))] = random_value(chance, depth - 1);
    return out;
  }
  }
}

} // namespace

TEST_CASE("json: what is written is read as the same tree") {
  random_source chance(3);
  for (int i = 0; i < 500; ++i) {
    auto tree = random_value(chance, 5);
    auto text = tree.dump(chance.chance(1, 2) ? 2 : -1);
    auto read = read_json(text);
    REQUIRE(read);
    CHECK(*read == tree);
    CHECK(validate_json(text));
  }
}

TEST_CASE("json: malformed texts are refused wherever the fault is") {
  for (const char* text : {"", " ", "{", "}", "{\"a\":1,}", "{\"a\":tru}", "{\"a\":01}", "[1 2]",
                           "{\"a\":\"\x01\"}", "{\"a\":\"\xff\"}", "{} {}", "{\"a\":1}x", "{'a':1}",
                           "nan", "{\"a\":1e999}", "{\"a\":{\"b\":{\"c\":[1,2,{\"d\":nul}]}}}"}) {
    CHECK_MESSAGE(!read_json(text), text);
    CHECK_MESSAGE(!validate_json(text), text);
    CHECK(read_json(text).error().reason == reason::bad_request);
  }
}

TEST_CASE("json: keys that stand twice are named and the last value counts") {
  std::vector<std::string> twice;
  auto tree =
    read_json(R"({"a":1,"b":{"c":1,"c":2,"c":3},"d":[{"e":1},{"x/y":{},"x/y":7}],"a":2})", &twice);
  REQUIRE(tree);
  CHECK(*tree == json::parse(R"({"a":2,"b":{"c":3},"d":[{"e":1},{"x/y":7}]})"));
  CHECK(twice == std::vector<std::string>{"b.c", "b.c", "d[1][x/y]", "a"});
  CHECK(!validate_json(R"({"b":{"c":1,"c":2}})"));
  CHECK(validate_json(R"({"b":{"c":1},"a":{"c":2}})"));
}

TEST_CASE("json: an escaped key is the same key") {
  std::vector<std::string> twice;
  auto tree = read_json("{\"a\":1,\"\\u0061\":2}", &twice);
  REQUIRE(tree);
  CHECK(*tree == json{{"a", 2}});
  CHECK(twice == std::vector<std::string>{"a"});
}

TEST_CASE("json: nesting and size are limited") {
  CHECK(read_json(nested(max_depth - 1)));
  CHECK(!read_json(nested(max_depth + 1)));
  CHECK(read_json(nested(100'000)).error().reason == reason::bad_request);
  std::string large = "\"" + std::string(max_body_bytes, 'x') + "\"";
  CHECK(read_json(large).error().reason == reason::too_large);
  CHECK(validate_json(large).error().reason == reason::too_large);
}
