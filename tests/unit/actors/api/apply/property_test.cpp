// What holds of every built-in kind: its full object applied, shared, given up.
#include "actors/api/apply/apply.hpp"
#include "actors/api/apply/fields_v1.hpp"
#include "actors/api/apply/typed.hpp"
#include "config/base/random.hpp"
#include "tests/support/full_object.hpp"

#include <doctest/doctest.h>

namespace troupe::apply {
namespace {

using json = nlohmann::json;

/// Every kind that has objects, once in each version.
template <class F> void for_each_kind(F f) {
  for (const auto* r : schema::built_in()->resources()) {
    if (!r->of || (r->verbs & schema::verb_create) == 0 || !r->of->find("metadata"))
      continue;
    INFO(r->qualified() << " " << r->version);
    f(*r, support::full_object{}.of(*r));
  }
}

writing by(const std::string& manager, const schema::resource& of, const std::string& time = "1") {
  return {.manager = manager,
          .api_version = of.api_version(),
          .subresource = {},
          .time = time,
          .of = of.of};
}

json bare(const schema::resource& of) {
  return {{"apiVersion", of.api_version()}, {"kind", of.kind}, {"metadata", {{"name", "full"}}}};
}

/// Some of a tree: members left out at random. Lists and what is atomic stay whole.
json some_of(random_source& random, const schema::type& of, const json& tree, int depth = 0) {
  auto fields = of.what == schema::shape::object && !of.atomic && tree.is_object();
  if (!fields)
    return tree;
  auto out = json::object();
  for (const auto& f : of.fields)
    if (auto at = tree.find(f.name); at != tree.end() && (depth == 0 || !random.chance(1, 3)))
      out[std::string{f.name}] = some_of(random, *f.of, *at, depth + 1);
  return out;
}

/// Without objects and lists that hold nothing: an apply cannot tell them from absent ones.
bool drop_empty(json& tree) {
  if (!tree.is_structured())
    return false;
  for (auto at = tree.begin(); at != tree.end();)
    at = tree.is_object() && drop_empty(*at) ? tree.erase(at) : std::next(at);
  return tree.empty();
}

TEST_CASE("apply: a second manager's empty apply leaves every kind's full object as it is") {
  int kinds = 0;
  for_each_kind([&](const schema::resource& r, const json& full) {
    managers m;
    auto config = full;
    REQUIRE(check_config(*r.of, config) == std::vector<std::string>{});
    auto made = apply(m, by("a", r), nullptr, config, false);
    REQUIRE(made.conflicts.empty());
    CHECK(made.tree == full);
    auto owners = to_text(m);
    auto again = apply(m, by("b", r, "2"), &made.tree, bare(r), false);
    CHECK(again.conflicts.empty());
    CHECK(again.tree == full);
    CHECK(to_text(m) == owners);
    ++kinds;
  });
  CHECK(kinds > 60);
}

TEST_CASE("apply: the same apply twice changes neither the object nor its owners") {
  for_each_kind([&](const schema::resource& r, const json& full) {
    managers m;
    auto made = apply(m, by("a", r), nullptr, full, false);
    auto owners = to_text(m);
    auto again = apply(m, by("a", r, "2"), &made.tree, full, false);
    CHECK(again.tree == made.tree);
    CHECK(same_but_times(to_text(m), owners));
  });
}

TEST_CASE("apply: who gives all up leaves what the others stated") {
  random_source random{7};
  for_each_kind([&](const schema::resource& r, const json& full) {
    for (int i = 0; i < 5; ++i) {
      managers m;
      auto mine = full;
      auto theirs = some_of(random, *r.of, full);
      drop_empty(theirs);
      auto first = apply(m, by("a", r), nullptr, mine, false);
      auto second = apply(m, by("b", r), &first.tree, theirs, false);
      REQUIRE(second.conflicts.empty());
      CHECK(second.tree == full);
      auto left = apply(m, by("a", r), &second.tree, bare(r), false);
      REQUIRE(left.conflicts.empty());
      auto expected = theirs;
      expected.update(bare(r), true);
      for (const char* key : {"uid", "creationTimestamp", "namespace", "generation"})
        if (full["metadata"].contains(key)) // nobody's: they stay
          expected["metadata"][key] = full["metadata"][key];
      CHECK(left.tree == expected);
      CHECK(m.entries().size() <= 1);
    }
  });
}

TEST_CASE("fields: what is written as FieldsV1 is read as the same set") {
  for_each_kind([&](const schema::resource& r, const json& full) {
    auto set = fields_of(*r.of, full);
    auto text = to_fields_v1(set);
    CHECK(json::parse(text).dump() == text); // sorted and compact, as any other part of an object
    auto read = read_fields_v1(text);
    REQUIRE(read);
    CHECK(*read == set);
    auto none = set;
    none.subtract(set);
    CHECK(none.empty());
    CHECK(set.intersection(*read) == set);
  });
}

TEST_CASE("compare: an object has no difference from itself, and from nothing it is all new") {
  for_each_kind([&](const schema::resource& r, const json& full) {
    CHECK(compare(*r.of, full, full).empty());
    auto fresh = compare_with_nothing(*r.of, full);
    CHECK(fresh.removed.empty());
    auto filled = full;
    drop_empty(filled); // an empty spec is there from the making on
    auto stated = fields_of(*r.of, filled);
    CHECK(fresh.changed.intersection(stated) == stated);
    auto gone = compare(*r.of, full, bare(r));
    CHECK(gone.changed.empty());
  });
}

TEST_CASE("fields: what is no FieldsV1 is refused") {
  for (const char* text : {"", "[]", "{", "{\"x\":{}}", "{\"f:a\":1}", "{\"f:a\":{\"g:b\":{}}}",
                           "{\".\":{}}", "{\"k:1\":{}}", "{\"v:{}\":{}}", "{\"k:[]\":{}}",
                           "{\"f:a\":{}}x", "{\"f:a\":{},}", "{\"f:a\":{\".\":1}}"}) {
    INFO(text);
    CHECK(!read_fields_v1(text));
  }
  auto odd =
    read_fields_v1(R"({"f:a\"b":{"k:{\"z\":1, \"a\":\"<\\u0041>\"}":{".":{},"v:true":{}}}})");
  REQUIRE(odd);
  CHECK(to_fields_v1(*odd) == R"({"f:a\"b":{"k:{\"a\":\"<A>\",\"z\":1}":{".":{},"v:true":{}}}})");
}

entry updater(const std::string& name, const std::string& time, const std::string& version = "v1") {
  path_set set;
  set.insert({{step::kind::field, name}});
  return {
    .manager = name, .api_version = version, .subresource = {}, .time = time, .fields = claim{set}};
}

TEST_CASE("managers: beyond ten updaters the oldest become one") {
  managers m;
  for (int i = 0; i < 12; ++i)
    m.entries().push_back(
      updater("m" + std::to_string(i), "2026-11-22T16:41:" + std::to_string(10 + i) + "Z"));
  m.entries().push_back(updater("other", "2026-11-22T16:41:00Z", "v2"));
  path_set applied;
  applied.insert({{step::kind::field, "applied"}});
  m.entries().push_back(
    {.manager = "a", .how = operation::apply, .api_version = "v1", .fields = claim{applied}});
  m.cap();
  CHECK(m.entries().size() == most_updaters + 1);
  auto* bucket = m.find({"ancient-changes", operation::update, "v1", {}});
  REQUIRE(bucket);
  CHECK(bucket->fields.text() == R"({"f:m0":{},"f:m1":{},"f:m2":{},"f:m3":{}})");
  CHECK(bucket->time == "2026-11-22T16:41:13Z");
  CHECK(m.find({"other", operation::update, "v2", {}})); // alone in its version
  CHECK(m.find({"m4", operation::update, "v1", {}}));
  CHECK(m.find({"a", operation::apply, {}, {}}));
  m.entries().push_back(updater("m12", "2026-11-22T16:42:00Z"));
  m.cap();
  CHECK(m.entries().size() == most_updaters + 1);
  CHECK(m.find({"ancient-changes", operation::update, "v1", {}})->fields.text().find("m4")
        != std::string::npos);
}

TEST_CASE("managers: appliers stand first, then the oldest; the text is read as it was written") {
  managers m;
  m.entries().push_back(updater("b", "2026-11-22T16:41:12Z"));
  m.entries().push_back(updater("c", "2026-11-22T16:41:11Z"));
  m.entries().push_back(updater("a", "2026-11-22T16:41:13Z"));
  m.entries().back().how = operation::apply;
  m.entries().back().subresource = "status";
  auto text = to_text(m);
  CHECK(
    text
    == R"([{"apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:a":{}},"manager":"a","operation":"Apply","subresource":"status","time":"2026-11-22T16:41:13Z"},)"
       R"({"apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:c":{}},"manager":"c","operation":"Update","time":"2026-11-22T16:41:11Z"},)"
       R"({"apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:b":{}},"manager":"b","operation":"Update","time":"2026-11-22T16:41:12Z"}])");
  CHECK(to_text(read_managers(text)) == text);
  auto checked = check_managers(text);
  REQUIRE(checked);
  CHECK(to_text(*checked) == text);
  CHECK(to_text(managers{}).empty());
  CHECK(!check_managers(R"([{"manager":"a","operation":"Delete","fieldsType":"FieldsV1"}])"));
  CHECK(!check_managers(R"([{"manager":"a","operation":"Apply","fieldsType":"FieldsV2"}])"));
  CHECK(!check_managers(
    R"([{"manager":"a","operation":"Apply","fieldsType":"FieldsV1","fieldsV1":{"x":{}}}])"));
}

} // namespace
} // namespace troupe::apply
