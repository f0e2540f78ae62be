#include "store/machine/command.hpp"
#include "tests/unit/store/machine/commands.hpp"

#include <doctest/doctest.h>

namespace troupe::store {
namespace {

TEST_CASE("command: every command is decoded to what was encoded") {
  random_source chance{1};
  for (int i = 0; i < 3000; ++i) {
    auto what = draw_command(chance, 1 + chance.below(1U << 20U), term_id{chance.below(9)});
    auto bytes = encode(what);
    auto back = decode(bytes);
    REQUIRE(back);
    REQUIRE(*back == what);
  }
}

TEST_CASE("command: the bytes of a transaction are what they always were") {
  transaction what;
  what.when.push_back({.what = predicate::test::modified_is, .key = "k", .at = revision{300}});
  what.then.push_back({.what = operation::kind::put, .key = "k", .value = "v"});
  what.then.push_back({.what = operation::kind::erase, .key = "gone", .value = {}});
  what.fence = term_id{7};
  what.cause = cause_id{0x0102};
  std::string expected{"\x01\x01"                      // version, transaction
                       "\x01\x07"                      // fenced, term
                       "\x02\x01\0\0\0\0\0\0"          // cause
                       "\x01\x02\x01k\xac\x02"         // one predicate: modified_is k 300
                       "\x02\0\x01k\x01v\x01\x04gone", // two operations
                       2 + 2 + 8 + 6 + 12};
  CHECK(encode(what) == expected);
  CHECK(encode(command{what}) == expected);
}

TEST_CASE("command: a newer version is refused by name, and so is version 0") {
  auto bytes = encode(transaction{});
  bytes[0] = static_cast<char>(newest_command_version + 1);
  auto newer = decode(bytes);
  REQUIRE_FALSE(newer);
  CHECK(newer.error().reason == reason::bad_request);
  CHECK(newer.error().message
        == "decode a command of version 2: this program knows versions up to 1");
  bytes[0] = 0;
  CHECK_FALSE(decode(bytes));
  CHECK_FALSE(decode(""));
}

TEST_CASE("command: is decoded by who knows its version, and by nobody else") {
  random_source chance{4};
  for (int i = 0; i < 200; ++i) {
    auto what = draw_command(chance, 100, term_id{1});
    auto bytes = encode(what, 2);
    CHECK(version_of(bytes) == 2);
    CHECK(*decode(bytes, 2) == what);
    CHECK_FALSE(decode(bytes, 1));
    CHECK(*decode(encode(what, 1), 2) == what);
  }
}

TEST_CASE("command: every cut and every leftover is refused") {
  random_source chance{2};
  for (int i = 0; i < 200; ++i) {
    auto bytes = encode(draw_command(chance, 100, term_id{1}));
    for (std::size_t size = 0; size < bytes.size(); ++size)
      REQUIRE_FALSE(decode(std::string_view{bytes}.substr(0, size)));
    REQUIRE_FALSE(decode(bytes + '\0'));
  }
}

TEST_CASE("command: random damage is refused or decodes to something, and never more") {
  random_source chance{3};
  for (int i = 0; i < 20000; ++i) {
    auto bytes = encode(draw_command(chance, 100, term_id{1}));
    for (auto n = chance.between(1, 3); n > 0; --n)
      bytes[chance.below(bytes.size())] = static_cast<char>(chance());
    auto what = decode(bytes);
    if (what)
      REQUIRE(decode(encode(*what)));
  }
  std::string many = encode(transaction{});
  many.resize(many.size() - 2);
  many += "\xff\xff\xff\xff\xff\xff\xff\xff\x7f"; // so many predicates, says it
  CHECK_FALSE(decode(many));
}

} // namespace
} // namespace troupe::store
