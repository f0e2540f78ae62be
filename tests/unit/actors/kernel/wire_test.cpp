// Frames and payloads: round trips, and what malformed bytes do.
#include "actors/kernel/errors.hpp"
#include "actors/kernel/frame.hpp"
#include "actors/kernel/inspect.hpp"
#include "actors/kernel/types.hpp"
#include "config/base/clock.hpp"
#include "config/base/random.hpp"

#include <caf/mailbox_element.hpp>
#include <doctest/doctest.h>

using namespace troupe;
using namespace troupe::kernel;

namespace {

enum class colour : std::uint8_t { red, green };

struct everything {
  std::string text;
  std::uint64_t number = 0;
  colour paint = colour::red;
  term_id term{};
  instant at{};
  duration span{};
  bool yes = false;
  std::optional<std::string> maybe;
  std::optional<std::uint32_t> not_there;
  shared_bytes bytes;
  shared_bytes no_bytes;
  std::variant<std::uint32_t, std::string> either;
  std::vector<std::string> list;
  std::map<std::string, std::uint32_t> table;
  failure why;
  identity who;
};
template <class F> auto inspect(F& f, everything& m) {
  return f(caf::meta::type_name("test.everything"), m.text, m.number, m.paint, m.term, m.at, m.span,
           m.yes, field(m.maybe), field(m.not_there), field(m.bytes), field(m.no_bytes),
           field(m.either), m.list, m.table, m.why, m.who);
}

everything sample() {
  return {.text = "t",
          .number = 1ULL << 63,
          .paint = colour::green,
          .term = term_id{7},
          .at = instant{duration{1'234'567'890'123}},
          .span = 250ms,
          .yes = true,
          .maybe = "m",
          .bytes = share("b"),
          .either = "e",
          .list = {"a", "", "c"},
          .table = {{"k", 1}},
          .why = {.reason = reason::invalid, .message = "bad", .causes = {{"f", "T", "m"}}},
          .who = {"n0", role::master}};
}

message_types types() {
  message_types out;
  out.add<everything>("test.everything", lane::bulk);
  return out;
}

} // namespace

TEST_CASE("types: every kind of field survives the wire") {
  auto known = types();
  std::string bytes;
  auto type = known.encode(caf::make_message(sample()), bytes);
  REQUIRE(type);
  CHECK((*type)->lane == lane::bulk);
  auto back = known.decode(**type, bytes);
  REQUIRE(back);
  const auto& m = back->get_as<everything>(0);
  CHECK(m.text == "t");
  CHECK(m.number == 1ULL << 63);
  CHECK(m.paint == colour::green);
  CHECK(m.term == term_id{7});
  CHECK(m.at == sample().at);
  CHECK(m.span == 250ms);
  CHECK(m.yes);
  CHECK(m.maybe == "m");
  CHECK_FALSE(m.not_there);
  REQUIRE(m.bytes);
  CHECK(*m.bytes == "b");
  CHECK_FALSE(m.no_bytes);
  CHECK(std::get<std::string>(m.either) == "e");
  CHECK(m.list == std::vector<std::string>{"a", "", "c"});
  CHECK(m.table == std::map<std::string, std::uint32_t>{{"k", 1}});
  CHECK(m.why == sample().why);
  CHECK(m.who == identity{"n0", role::master});
}

TEST_CASE("types: every cut and every flipped byte is refused or decoded, never more") {
  auto known = types();
  const auto& type = *known.find("test.everything");
  std::string bytes;
  REQUIRE(known.encode(caf::make_message(sample()), bytes));
  for (std::size_t n = 0; n < bytes.size(); ++n)
    CHECK_FALSE(known.decode(type, std::string_view{bytes}.substr(0, n)));
  CHECK_FALSE(known.decode(type, bytes + "x"));
  random_source random{5};
  for (int i = 0; i < 20'000; ++i) {
    auto broken = bytes;
    for (auto n = random.between(1, 4); n > 0; --n)
      broken[random.below(broken.size())] = static_cast<char>(random());
    (void)known.decode(type, broken);
  }
}

TEST_CASE("types: an unregistered type is not encoded, a name is not given twice") {
  message_types empty;
  std::string bytes;
  CHECK_FALSE(empty.encode(caf::make_message(sample()), bytes));
  auto known = types();
  known.add<everything>("test.everything", lane::bulk); // again: nothing changes
  CHECK_THROWS_AS(known.add<done>("test.everything"), broken_invariant);
  CHECK_THROWS_AS(known.add<everything>("test.other"), broken_invariant);
}

TEST_CASE("failures: the wire keeps all of a failure, and survives what is none") {
  failure why{.reason = reason::conflict,
              .message = "m",
              .causes = {{"spec", "FieldValueInvalid", "x"}},
              .retry_after_seconds = 3};
  std::string bytes;
  message_types::encode_failure(why, bytes);
  CHECK(message_types::decode_failure(bytes) == why);
  CHECK(message_types::decode_failure("nonsense").reason == reason::internal);
  CHECK(to_failure(to_error(why)) == why);
}

TEST_CASE("frames: a head is read back, and the payload is the rest") {
  auto bytes = encode_head({.what = frame::kind::ask,
                            .correlation = 1ULL << 40,
                            .cause = cause_id{77},
                            .portal = "lease",
                            .type = "lease.sweep"});
  bytes += "payload";
  auto f = decode_frame(bytes);
  REQUIRE(f);
  CHECK(f->what == frame::kind::ask);
  CHECK(f->correlation == 1ULL << 40);
  CHECK(f->cause == cause_id{77});
  CHECK(f->portal == "lease");
  CHECK(f->type == "lease.sweep");
  CHECK(f->payload == "payload");
}

TEST_CASE("frames: malformed bytes are refused") {
  auto good = encode_head({.what = frame::kind::tell, .portal = "p", .type = "t"});
  for (std::size_t n = 0; n < good.size(); ++n)
    CHECK_FALSE(decode_frame(std::string_view{good}.substr(0, n)));
  auto version = good;
  version[0] = 2;
  CHECK_FALSE(decode_frame(version));
  auto kind = good;
  kind[1] = 17;
  CHECK_FALSE(decode_frame(kind));
  auto length = good;
  length[18] = static_cast<char>(200); // a portal longer than the frame
  CHECK_FALSE(decode_frame(length));
}
