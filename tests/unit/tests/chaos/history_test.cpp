#include "tests/chaos/history.hpp"

#include <doctest/doctest.h>

#include <sstream>

namespace troupe::chaos {
namespace {

judgement judged(const std::string& lines) {
  std::istringstream in{lines};
  auto history = read_history(in);
  REQUIRE_MESSAGE(history, (history ? "" : history.error().message));
  return judge(*history);
}

constexpr const char* good =
  R"({"op":"write","key":"a","client":"c1","start":1,"end":2,"value":1}
{"op":"swap","key":"a","client":"c2","start":3,"end":6,"expected":1,"value":2,"done":true}
{"op":"swap","key":"a","client":"c1","start":3,"end":5,"expected":1,"value":3,"done":false}
{"op":"write","key":"a","client":"c1","start":7,"end":null,"value":4}
{"op":"read","key":"a","client":"c2","start":8,"end":9,"value":2}
{"op":"read","key":"a","client":"c2","start":10,"end":11,"value":4}
{"op":"read","key":"a","client":"c3","start":10,"end":null}
)";

TEST_CASE("chaos history: a good one is judged good, and counted") {
  auto j = judged(good);
  CHECK(j.good());
  CHECK(j.operations == 7);
  CHECK(j.unknown == 1);
  CHECK(j.keys == 1);
}

TEST_CASE("chaos history: each way a store may lie is found") {
  const std::vector<std::pair<const char*, const char*>> lies = {
    {"an acknowledged write was lost",
     R"({"op":"write","key":"b","start":20,"end":21,"value":5}
{"op":"read","key":"b","start":22,"end":23,"value":0})"},
    {"a read went back", R"({"op":"read","key":"a","start":12,"end":13,"value":2})"},
    {"two compare-and-swaps won",
     R"({"op":"swap","key":"a","start":12,"end":20,"expected":4,"value":7,"done":true}
{"op":"swap","key":"a","start":12,"end":20,"expected":4,"value":8,"done":true})"},
    {"a refused compare-and-swap took effect",
     R"({"op":"swap","key":"a","start":12,"end":20,"expected":4,"value":7,"done":false}
{"op":"read","key":"a","start":21,"end":22,"value":7})"},
    {"a compare-and-swap was refused without reason",
     R"({"op":"swap","key":"a","start":12,"end":20,"expected":4,"value":7,"done":false})"},
    {"a value from nowhere", R"({"op":"read","key":"a","start":12,"end":13,"value":77})"},
  };
  for (const auto& [story, lines] : lies) {
    INFO(story);
    CHECK_FALSE(judged(std::string{good} + lines).good());
  }
}

TEST_CASE("chaos history: the smallest offending key is shown, up to where it went wrong") {
  auto j = judged(std::string{good} +
                  R"({"op":"read","key":"a","start":12,"end":13,"value":2}
{"op":"write","key":"b","start":20,"end":21,"value":5}
{"op":"read","key":"b","start":22,"end":23,"value":0}
{"op":"write","key":"b","start":24,"end":25,"value":6}
{"op":"read","key":"b","start":26,"end":27,"value":6})");
  CHECK(j.offending == std::vector<std::string>{"b", "a"});
  CHECK(j.shortest.size() == 2);
  CHECK(show(j.shortest, 1).find("(1 before)") == 0);
  CHECK(show(j.shortest, 1).find("read 0") != std::string::npos);
}

TEST_CASE("chaos history: what is no history is refused with its line") {
  for (const char* bad : {"no json", R"({"op":"jump","key":"a","start":1,"end":2})",
                          R"({"op":"write","key":"a","start":1,"end":2})",
                          R"({"op":"swap","key":"a","start":1,"end":2,"expected":1,"value":2})"}) {
    std::istringstream in{std::string{good} + bad};
    auto history = read_history(in);
    REQUIRE_FALSE(history);
    CHECK(history.error().message.find("line 8") != std::string::npos);
  }
}

} // namespace
} // namespace troupe::chaos
