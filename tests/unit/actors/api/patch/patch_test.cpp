#include "actors/api/patch/patch.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace troupe::patch {
namespace {

using json = nlohmann::json;

std::string run_json(const char* target, const char* patch) {
  auto out = apply_json(json::parse(target), json::parse(patch));
  return out ? out->dump() : "refused: " + out.error().message;
}

TEST_CASE("json patch: the examples of RFC 6902, appendix A") {
  struct row {
    const char *target, *patch, *expected; // expected null: refused
  };
  for (auto [target, patch, expected] : {
         row{R"({"foo":"bar"})", R"([{"op":"add","path":"/baz","value":"qux"}])",
             R"({"baz":"qux","foo":"bar"})"},
         row{R"({"foo":["bar","baz"]})", R"([{"op":"add","path":"/foo/1","value":"qux"}])",
             R"({"foo":["bar","qux","baz"]})"},
         row{R"({"baz":"qux","foo":"bar"})", R"([{"op":"remove","path":"/baz"}])",
             R"({"foo":"bar"})"},
         row{R"({"foo":["bar","qux","baz"]})", R"([{"op":"remove","path":"/foo/1"}])",
             R"({"foo":["bar","baz"]})"},
         row{R"({"baz":"qux","foo":"bar"})", R"([{"op":"replace","path":"/baz","value":"boo"}])",
             R"({"baz":"boo","foo":"bar"})"},
         row{R"({"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}})",
             R"([{"op":"move","from":"/foo/waldo","path":"/qux/thud"}])",
             R"({"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}})"},
         row{R"({"foo":["all","grass","cows","eat"]})",
             R"([{"op":"move","from":"/foo/1","path":"/foo/3"}])",
             R"({"foo":["all","cows","eat","grass"]})"},
         row{
           R"({"baz":"qux","foo":["a",2,"c"]})",
           R"([{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}])",
           R"({"baz":"qux","foo":["a",2,"c"]})"},
         row{R"({"baz":"qux"})", R"([{"op":"test","path":"/baz","value":"bar"}])", nullptr},
         row{R"({"foo":"bar"})", R"([{"op":"add","path":"/child","value":{"grandchild":{}}}])",
             R"({"child":{"grandchild":{}},"foo":"bar"})"},
         row{R"({"foo":"bar"})", R"([{"op":"add","path":"/baz/bat","value":"qux"}])", nullptr},
         row{R"({"/":9,"~1":10})", R"([{"op":"test","path":"/~01","value":10}])",
             R"({"/":9,"~1":10})"},
         row{R"({"/":9,"~1":10})", R"([{"op":"test","path":"/~01","value":"10"}])", nullptr},
         row{R"({"foo":["bar"]})", R"([{"op":"add","path":"/foo/-","value":["abc","def"]}])",
             R"({"foo":["bar",["abc","def"]]})"},
         row{R"({"a":{"b":1}})", R"([{"op":"copy","from":"/a","path":"/c"}])",
             R"({"a":{"b":1},"c":{"b":1}})"},
         row{R"({"a":{"b":1}})", R"([{"op":"move","from":"/a","path":"/a/b"}])", nullptr},
         row{R"({"a":[1]})", R"([{"op":"add","path":"/a/2","value":1}])", nullptr},
         row{R"({"a":[1]})", R"([{"op":"remove","path":"/a/01"}])", nullptr},
         row{R"({"a":1})", R"([{"op":"remove","path":"/b"}])", nullptr},
         row{R"({"a":1})", R"([{"op":"grow","path":"/a"}])", nullptr},
         row{R"({"a":1})", R"([{"op":"replace","path":"/a"}])", nullptr},
         row{R"({"a":1})", R"({"op":"replace"})", nullptr},
       }) {
    auto got = run_json(target, patch);
    if (expected)
      CHECK(got == expected);
    else
      CHECK_MESSAGE(got.substr(0, 7) == "refused", got);
  }
}

TEST_CASE("json patch: a failed operation leaves nothing done and says which path is missing") {
  auto out =
    apply_json(json::parse(R"({"a":1})"),
               json::parse(R"([{"op":"add","path":"/b","value":1},{"op":"remove","path":"/x"}])"));
  REQUIRE(!out);
  CHECK(out.error().reason == reason::invalid);
  CHECK(out.error().message.find("doc is missing path: \"/x\"") != std::string::npos);
}

TEST_CASE("merge patch: the examples of RFC 7386, appendix A") {
  struct row {
    const char *target, *patch, *expected;
  };
  for (auto [target, patch, expected] :
       {row{R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
        row{R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
        row{R"({"a":"b"})", R"({"a":null})", R"({})"},
        row{R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
        row{R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
        row{R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
        row{R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
        row{R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
        row{R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"},
        row{R"({"a":"b"})", R"(["c"])", R"(["c"])"}, row{R"({"a":"foo"})", R"(null)", R"(null)"},
        row{R"({"e":null})", R"({"a":1})", R"({"a":1,"e":null})"},
        row{R"([1,2])", R"({"a":"b","c":null})", R"({"a":"b"})"},
        row{R"({})", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"}})
    CHECK(apply_merge(json::parse(target), json::parse(patch)).dump() == expected);
}

} // namespace
} // namespace troupe::patch
