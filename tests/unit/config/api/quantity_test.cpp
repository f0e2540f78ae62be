#include "config/api/quantity.hpp"
#include "config/base/random.hpp"

#include <doctest/doctest.h>

#include <string>

namespace troupe::api {
namespace {

std::string canonical(std::string_view text) {
  auto q = quantity::parse(text);
  return q ? q->text() : "refused";
}

TEST_CASE("quantity: the canonical text is the shortest without a fraction") {
  struct row {
    std::string_view in, out;
  };
  for (auto [in, out] : {row{"0", "0"},
                         {"1000m", "1"},
                         {"0.5", "500m"},
                         {"1.5Gi", "1536Mi"},
                         {"1024Mi", "1Gi"},
                         {"1024", "1024"},
                         {"1000", "1k"},
                         {"1000k", "1M"},
                         {"1500k", "1500k"},
                         {"100Ki", "100Ki"},
                         {"0.5Ki", "512"},
                         {"512Ki", "512Ki"},
                         {"1e3", "1e3"},
                         {"1E3", "1e3"},
                         {"12e-1", "1200e-3"},
                         {"1E", "1E"},
                         {"7Ei", "7Ei"},
                         {"-1Gi", "-1Gi"},
                         {"+5", "5"},
                         {"5.", "5"},
                         {".5", "500m"},
                         {"100u", "100u"},
                         {"1n", "1n"},
                         {"0.1n", "1n"},
                         {"-0.1n", "-1n"},
                         {"00100", "100"},
                         {"1.000000000000000000000", "1"},
                         {"0.3Ki", "307200m"},
                         {"1234567890123456789012", "9223372036854775807"},
                         {"99Ei", "9223372036854775807"},
                         {"0e99", "0e99"}})
    CHECK(canonical(in) == (in == "0e99" ? "0" : out));
}

TEST_CASE("quantity: what is not a quantity is refused") {
  for (auto text :
       {"", "-", "a", "1.2.3", "1KB", "1 Gi", "1e", "1ee3", "Gi", "1Gi ", "0x10", "1K", "--1"})
    CHECK_MESSAGE(canonical(text) == "refused", text);
}

TEST_CASE("quantity: amounts compare and add across forms") {
  auto gi = *quantity::parse("1Gi");
  auto mi = *quantity::parse("1024Mi");
  auto cpu = *quantity::parse("250m");
  CHECK(gi == mi);
  CHECK(*quantity::parse("1G") < gi);
  CHECK((gi + mi).text() == "2Gi");
  CHECK((gi - mi).zero());
  CHECK((cpu + cpu + cpu + cpu).text() == "1");
  CHECK(cpu.units() == 1);
  CHECK(cpu.milli() == 250);
  CHECK(quantity::parse("-250m")->units() == -1);
}

TEST_CASE("quantity: a canonical text reads back as the same amount and the same text") {
  random_source random{7};
  for (int i = 0; i < 20'000; ++i) {
    auto how = static_cast<quantity::form>(random.below(3));
    auto shift = random.below(63);
    auto q = random.chance(1, 2)
               ? quantity::of(static_cast<std::int64_t>(random() >> shift) / 2, how)
               : quantity::of_nano(static_cast<std::int64_t>(random() >> shift), how);
    auto back = quantity::parse(q.text());
    REQUIRE(back);
    CHECK(*back == q);
    if (how != quantity::form::binary_si) // a binary amount without a factor 1024 has no suffix
      CHECK(back->text() == q.text());
  }
}

} // namespace
} // namespace troupe::api
