#include "actors/bench/row.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace troupe;
using bench::row;

namespace {

row run(double ops, double p99, double max, std::uint64_t errors = 0) {
  return {.bench = "store",
          .name = "write",
          .clients = 16,
          .system = "troupe",
          .ops_per_s = ops,
          .p50_ms = p99 / 2,
          .p99_ms = p99,
          .max_ms = max,
          .seconds = 3,
          .errors = errors};
}

} // namespace

TEST_CASE("bench rows: the median of each figure, the worst maximum, all errors") {
  auto m = bench::median_of({run(100, 9, 20, 1), run(300, 1, 90), run(200, 5, 30, 2)});
  CHECK(m.ops_per_s == 200);
  CHECK(m.p99_ms == 5);
  CHECK(m.max_ms == 90);
  CHECK(m.errors == 3);
  CHECK(m.runs == std::vector<double>{100, 300, 200});
  CHECK(bench::median_of({run(100, 1, 1), run(200, 3, 1)}).ops_per_s == 150);
}

TEST_CASE("bench rows: the JSON has the fields that scripts rely on") {
  auto memory = run(0, 0, 0);
  memory.name = "memory_idle";
  memory.members = {{"master-1", 20, 10}};
  auto tree = nlohmann::json::parse(bench::to_json({bench::median_of({run(1, 2, 3)}), memory}));
  REQUIRE(tree.size() == 2);
  for (const char* field : {"bench", "case", "clients", "system", "ops_per_s", "p50_ms", "p99_ms",
                            "max_ms", "rss_bytes", "cpu_s", "seconds"})
    CHECK(tree[0].contains(field));
  CHECK(tree[0]["case"] == "write");
  CHECK(tree[0]["p99_ms"] == 2);
  CHECK(tree[1]["members"][0]["pss_bytes"] == 10);
  CHECK(nlohmann::json::parse(bench::to_json({})).empty());
}

TEST_CASE("bench rows: figures of one case alone have their medians and stand beside the others") {
  auto one = run(1, 1, 1);
  auto two = run(3, 1, 1);
  auto three = run(2, 1, 1);
  one.more = {{"restart_s", 5}};
  two.more = {{"restart_s", 1}};
  three.more = {{"restart_s", 2}};
  auto tree = nlohmann::json::parse(bench::to_json({bench::median_of({one, two, three})}));
  CHECK(tree[0]["restart_s"] == 2);
  CHECK(bench::to_text({one}).find("restart_s 5.00") != std::string::npos);
}
