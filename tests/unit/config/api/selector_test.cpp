#include "config/api/selector.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace troupe::api {
namespace {

bool matches(std::string_view text, const string_map& labels) {
  auto s = parse_label_selector(text);
  REQUIRE_MESSAGE(s, std::string{text});
  return s->matches(labels);
}

TEST_CASE("label selector: kubectl's syntax selects as Kubernetes documents") {
  const string_map web{{"app", "web"}, {"tier", "front"}, {"n", "5"}, {"a/b", ""}};
  struct row {
    std::string_view text;
    bool expected;
  };
  for (auto [text, expected] : {row{"", true},
                                {"app=web", true},
                                {"app==web", true},
                                {"app = web , tier=front", true},
                                {"app!=web", false},
                                {"missing!=web", true},
                                {"app in (web,db)", true},
                                {"app in (db)", false},
                                {"app notin (db)", true},
                                {"missing notin (db)", true},
                                {"missing in (db)", false},
                                {"app", true},
                                {"!app", false},
                                {"!missing", true},
                                {"a/b=", true},
                                {"a/b in ()", true},
                                {"n>4", true},
                                {"n<5", false},
                                {"app>4", false},
                                {"app=web,!missing,n in (5,6)", true}})
    CHECK_MESSAGE(matches(text, web) == expected, std::string{text});
}

TEST_CASE("label selector: malformed text is a bad request") {
  for (auto text : {"app=web,", "=web", "app in web", "app in (web", "app=(web)", "a b",
                    "app=web tier=x", "app>x", "-a=b", "a=-b", "!", "a/b/c=d", "/a=b"}) {
    auto s = parse_label_selector(text);
    REQUIRE_MESSAGE(!s, text);
    CHECK(s.error().reason == reason::bad_request);
  }
  CHECK(parse_label_selector("app=web tier").error().message
        == "unable to parse requirement: found 'tier', expected: ',' or 'end of string'");
}

TEST_CASE("label selector: the text form reads back") {
  for (auto text : {"a=b", "a in (b,c),d", "!a,b notin (c)", "a>5,b<3", "a notin (b)"}) {
    auto s = parse_label_selector(text);
    REQUIRE(s);
    CHECK(*parse_label_selector(to_string(*s)) == *s);
  }
  CHECK(to_string(*parse_label_selector("x=y,a in (c,b)")) == "a in (b,c),x=y");
}

TEST_CASE("label selector: of an object; null selects nothing, an empty one everything") {
  auto tree = nlohmann::json::parse(R"({"matchLabels":{"app":"web"},"matchExpressions":[
    {"key":"tier","operator":"In","values":["b","a"]},{"key":"x","operator":"DoesNotExist"}]})");
  auto s = label_selector_of(tree);
  REQUIRE(s);
  CHECK(s->matches({{"app", "web"}, {"tier", "a"}}));
  CHECK(!s->matches({{"app", "web"}, {"tier", "a"}, {"x", ""}}));
  CHECK(to_string(*s) == "app=web,tier in (a,b),!x");
  CHECK(!label_selector_of(nlohmann::json())->matches({}));
  CHECK(label_selector_of(nlohmann::json::object())->matches({}));
  CHECK(!label_selector_of(
    nlohmann::json::parse(R"({"matchExpressions":[{"key":"a","operator":"In"}]})")));
  CHECK(!label_selector_of_map(nlohmann::json::object()).matches({}));
}

constexpr std::string_view pod =
  R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"default"},)"
  R"("spec":{"nodeName":"n1","hostNetwork":true},"status":{"phase":"Running","podIPs":[{"ip":"10.0.0.1"},{"ip":"fd::1"}]}})";

TEST_CASE("field selector: fields of a body are compared as text") {
  auto check = [](std::string_view text) {
    auto s = parse_field_selector(text);
    REQUIRE(s);
    REQUIRE(check_fields(*s, "", "pods"));
    return s->matches(pod, "", "pods");
  };
  CHECK(check(""));
  CHECK(check("metadata.name=web"));
  CHECK(check("metadata.namespace==default,spec.nodeName=n1"));
  CHECK(!check("spec.nodeName!=n1"));
  CHECK(check("status.phase!=Pending,status.phase!=Failed"));
  CHECK(check("spec.hostNetwork=true"));
  CHECK(check("status.podIPs=10.0.0.1\\,fd::1"));
  CHECK(check("spec.schedulerName="));
}

TEST_CASE("field selector: unknown fields and malformed text are bad requests") {
  CHECK(check_fields(*parse_field_selector("spec.foo=1"), "", "pods").error().message
        == "field label not supported: spec.foo");
  CHECK(
    check_fields(*parse_field_selector("spec.foo=1"), "", "configmaps").error().message
    == R"("spec.foo" is not a known field selector: only "metadata.name", "metadata.namespace")");
  CHECK(!parse_field_selector("metadata.name"));
  CHECK(!parse_field_selector("a=b\\c"));
  CHECK(!parse_field_selector("a=b=c"));
  CHECK(field_value(R"({"spec":{}})", "", "nodes", "spec.unschedulable") == "false");
  CHECK(*parse_field_selector("metadata.name=x")->required("metadata.name") == "x");
  CHECK(parse_field_selector("metadata.name!=x")->required("metadata.name") == nullptr);
}

} // namespace
} // namespace troupe::api
