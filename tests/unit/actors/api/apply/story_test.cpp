// The rules of server-side apply, each told as a story (stories/*.yaml).
#include "actors/api/apply/apply.hpp"
#include "actors/api/apply/typed.hpp"
#include "config/codec/yaml.hpp"
#include "config/schema/schema.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace troupe::apply {
namespace {

using json = nlohmann::json;

const schema::resource& resource_of(const std::string& text) {
  auto kind = text.rfind('/');
  auto version = text.rfind('/', kind - 1);
  auto group = version == text.npos ? std::string{} : text.substr(0, version);
  version = version == text.npos ? 0 : version + 1;
  const auto* found =
    schema::built_in()->by_kind(group, text.substr(version, kind - version), text.substr(kind + 1));
  REQUIRE_MESSAGE(found, text);
  return *found;
}

std::string name_of(const identity& who) {
  return who.manager + (who.how == operation::update ? "/Update" : "");
}

/// One object and what happens to it.
class story {
public:
  explicit story(const schema::resource& of) : of_(of) {}

  void step(const std::string& what, const json& with) {
    if (what == "object") {
      CHECK(object_ == with);
    } else if (what == "owners") {
      CHECK(owners() == with);
    } else if (what == "times") {
      for (const auto& [manager, time] : with.items())
        CHECK(time_of(manager) == std::to_string(time.get<int>()));
    } else if (what == "conflicts") {
      CHECK(std::exchange(conflicts_, json::array()) == with);
    } else if (what == "refused") {
      CHECK(std::exchange(refused_, json::array()) == with);
    } else {
      end();
      if (what == "untracked")
        object_ = with;
      else
        write(what, with.begin().key(), with.begin().value());
    }
  }

  /// Whatever went wrong was told.
  void end() const {
    CHECK(conflicts_ == json::array());
    CHECK(refused_ == json::array());
  }

private:
  void write(const std::string& how, const std::string& manager, json tree) {
    writing w{.manager = manager,
              .api_version = of_.api_version(),
              .subresource = {},
              .time = std::to_string(++now_),
              .of = of_.of};
    if (how == "create" || how == "update") {
      auto fresh = how == "create" || object_.is_null();
      record_update(owners_, w, fresh ? nullptr : &object_, tree);
      object_ = std::move(tree);
      return;
    }
    REQUIRE((how == "apply" || how == "force"));
    refused_ = check_config(*of_.of, tree);
    if (!refused_.empty())
      return;
    auto before = to_text(owners_);
    auto made = apply(owners_, w, object_.is_null() ? nullptr : &object_, tree, how == "force");
    for (const auto& c : made.conflicts)
      c.fields.each(
        [&](const path& p) { conflicts_.push_back(name_of(c.with) + " " + to_text(p)); });
    if (made.conflicts.empty())
      object_ = std::move(made.tree);
    else
      CHECK(to_text(owners_) == before);
  }

  json owners() const {
    auto out = json::object();
    for (const auto& e : owners_.entries()) {
      auto& paths = out[name_of(e.who())];
      e.fields.set().each([&](const path& p) { paths.push_back(to_text(p)); });
    }
    return out;
  }

  std::string time_of(const std::string& manager) const {
    for (const auto& e : owners_.entries())
      if (name_of(e.who()) == manager)
        return e.time;
    return "none";
  }

  const schema::resource& of_;
  json object_;
  managers owners_;
  int now_ = 0;
  json conflicts_ = json::array();
  json refused_ = json::array();
};

void tell(const std::string& file) {
  std::ifstream in{std::string{TROUPE_SOURCE_DIR} + "/tests/unit/actors/api/apply/stories/" + file};
  std::stringstream text;
  text << in.rdbuf();
  auto stories = codec::read_yaml(text.str());
  REQUIRE_MESSAGE(stories, stories.error().message);
  REQUIRE(stories->size() > 20);
  for (const auto& one : *stories) {
    INFO(one["rule"].get<std::string>());
    story told{resource_of(one["kind"])};
    for (const auto& s : one["steps"]) {
      INFO(s.dump());
      told.step(s.begin().key(), s.begin().value());
    }
    told.end();
  }
}

TEST_CASE("apply: the rules of fields, structs and maps") { tell("fields.yaml"); }

TEST_CASE("apply: the rules of lists") { tell("lists.yaml"); }

} // namespace
} // namespace troupe::apply
