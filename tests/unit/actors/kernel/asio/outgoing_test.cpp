#include "actors/kernel/asio/outgoing.hpp"
#include "config/base/random.hpp"

#include <doctest/doctest.h>

#include <array>

namespace troupe::io {
namespace {

TEST_CASE(
  "outgoing: what goes in comes out, with all of its credit, however much is taken at a time") {
  random_source chance{3};
  for (int round = 0; round < 50; ++round) {
    outgoing out;
    std::string expected;
    std::string got;
    std::size_t credit = 0;
    std::size_t given = 0;
    std::array<char, 256> scratch{};
    for (int i = 0; i < 300; ++i) {
      std::string piece(chance.below(i % 7 == 0 ? 2000 : 40), static_cast<char>('a' + i % 26));
      if (i % 3 == 0) {
        out.add(share(piece), piece.size());
        given += piece.size();
        expected += piece;
      } else if (i % 3 == 1) {
        out.add(piece);
        expected += piece;
      } else {
        out.add_chunk(share(piece));
        if (!piece.empty()) {
          std::array<char, 24> size{};
          snprintf(size.data(), size.size(), "%zx", piece.size());
          expected += std::string{size.data()} + "\r\n" + piece + "\r\n";
          given += piece.size();
        }
      }
      while (!out.empty() && chance.chance(2, 3)) {
        auto front = out.front(scratch);
        REQUIRE(!front.empty());
        auto n = chance.between(1, front.size());
        got.append(front.data(), n);
        credit += out.consume(n);
      }
      REQUIRE(out.bytes() + got.size() == expected.size());
    }
    while (!out.empty()) {
      auto front = out.front(scratch);
      got.append(front.data(), front.size());
      credit += out.consume(front.size());
    }
    CHECK(got == expected);
    CHECK(credit == given);
  }
}

} // namespace
} // namespace troupe::io
