#include "config/base/random.hpp"
#include "store/base/wire.hpp"

#include <doctest/doctest.h>

namespace troupe::store {
namespace {

TEST_CASE("wire: what was put is read back, and nothing is left") {
  const std::uint64_t numbers[] = {0, 1, 127, 128, 300, 1U << 21U, ~0ULL >> 1U, ~0ULL};
  for (auto n : numbers) {
    std::string out;
    put_u8(out, static_cast<std::uint8_t>(n));
    put_u32(out, static_cast<std::uint32_t>(n));
    put_u64(out, n);
    put_ordered(out, n);
    put_varint(out, n);
    put_bytes(out, "pods");
    unpacker in{out};
    CHECK(in.u8() == static_cast<std::uint8_t>(n));
    CHECK(in.u32() == static_cast<std::uint32_t>(n));
    CHECK(in.u64() == n);
    CHECK(in.ordered() == n);
    CHECK(in.varint() == n);
    CHECK(in.bytes() == "pods");
    CHECK(in.done());
  }
}

TEST_CASE("wire: ordered numbers sort as bytes") {
  random_source chance{3};
  for (int i = 0; i < 1000; ++i) {
    auto a = chance() >> chance.below(64);
    auto b = chance() >> chance.below(64);
    std::string x;
    std::string y;
    put_ordered(x, a);
    put_ordered(y, b);
    CHECK((a < b) == (x < y));
  }
}

TEST_CASE("wire: every cut of a message is noticed") {
  std::string out;
  put_u64(out, 5);
  put_varint(out, 70000);
  put_bytes(out, "name");
  for (std::size_t size = 0; size < out.size(); ++size) {
    unpacker in{std::string_view{out}.substr(0, size)};
    in.u64();
    in.varint();
    in.bytes();
    CHECK_FALSE(in.good());
  }
}

TEST_CASE("wire: a varint that does not fit into 64 bits is malformed") {
  std::string out(9, '\xff');
  out += '\x02';
  unpacker in{out};
  CHECK(in.varint() == 0);
  CHECK_FALSE(in.good());
  std::string endless(20, '\x80');
  unpacker other{endless};
  other.varint();
  CHECK_FALSE(other.good());
}

TEST_CASE("wire: leftovers are not done") {
  unpacker in{"\x01\x02"};
  in.u8();
  CHECK(in.good());
  CHECK_FALSE(in.done());
}

} // namespace
} // namespace troupe::store
