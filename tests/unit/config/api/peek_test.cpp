#include "config/api/peek.hpp"
#include "config/base/random.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace troupe::api {
namespace {

using json = nlohmann::json;

json random_value(random_source& random, int depth) {
  static const std::vector<std::string> texts{
    "", "a", "\"", "\\", "a\nb", "{", "]}", "ü", "\xf0\x9f\x98\x80", "\x01"};
  switch (random.below(depth > 0 ? 6 : 4)) {
  case 0: return texts[random.below(texts.size())];
  case 1: return static_cast<std::int64_t>(random() >> 20) - 1000;
  case 2: return random.chance(1, 2);
  case 3: return nullptr;
  case 4: {
    auto out = json::array();
    for (auto n = random.below(4); n > 0; --n)
      out.push_back(random_value(random, depth - 1));
    return out;
  }
  default: {
    auto out = json::object();
    for (auto n = random.below(5); n > 0; --n)
      out[texts[random.below(texts.size())] + std::to_string(n)] = random_value(random, depth - 1);
    return out;
  }
  }
}

TEST_CASE("peek: finds what a parser finds, in plain, spaced and escaped text") {
  random_source random{11};
  for (int i = 0; i < 3'000; ++i) {
    json tree{{"spec", random_value(random, 4)}, {"status", random_value(random, 3)}};
    auto text = tree.dump(random.chance(1, 2) ? -1 : 2, ' ', random.chance(1, 2));
    for (const auto& [key, value] : tree.items()) {
      auto raw = peek_raw(text, {key});
      REQUIRE(raw);
      CHECK(json::parse(*raw) == value);
      if (value.is_string())
        CHECK(peek_text(text, {key}) == value.get<std::string>());
      if (!value.is_object())
        continue;
      for (const auto& [inner, deep] : value.items())
        CHECK(json::parse(peek_raw(text, {key, inner}).value_or("\"missing\"")) == deep);
    }
    CHECK(!peek_raw(text, {"spec", "not-there"}));
  }
}

TEST_CASE("peek: strings of a map, and nothing where nothing is") {
  constexpr std::string_view body =
    R"({"metadata":{"labels":{"a":"b","c/d":"\u00fc"}},"x":null,"n":12})";
  CHECK(peek_strings(body, {"metadata", "labels"}) == string_map{{"a", "b"}, {"c/d", "ü"}});
  CHECK(peek_strings(body, {"metadata", "annotations"}).empty());
  CHECK(peek_text(body, {"x"}).empty());
  CHECK(peek_text(body, {"n"}) == "12");
  CHECK(peek_text(body, {"n", "deeper"}).empty());
}

} // namespace
} // namespace troupe::api
