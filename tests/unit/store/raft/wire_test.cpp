// Letters survive the wire, and nothing that arrives there does harm.
#include "config/base/random.hpp"
#include "store/raft/wire.hpp"

#include <doctest/doctest.h>

using namespace troupe;
using namespace troupe::raft;

namespace {

std::uint64_t any_number(random_source& r) {
  return r() >> r.below(64); // of every length
}

log_position any_position(random_source& r) {
  return {term_id{any_number(r) >> 2}, log_index{any_number(r) >> 2}};
}

shared_bytes any_bytes(random_source& r) {
  std::string s;
  for (auto n = r.below(40); n > 0; --n)
    s += static_cast<char>(r());
  return share(std::move(s));
}

configuration any_members(random_source& r) {
  configuration c;
  std::uint64_t id = 0;
  for (auto n = r.below(6); n > 0; --n) {
    id += r.between(1, 1000);
    c.members.push_back({member_id{id}, r.chance(1, 3) ? member_role::learner : member_role::voter,
                         "host-" + std::to_string(id) + ":2380"});
  }
  return c;
}

append_request any_append(random_source& r) {
  append_request a{any_position(r), {}, log_index{any_number(r)}};
  auto at = a.before;
  for (auto n = r.below(6); n > 0; --n) {
    at = {at.term + r.below(3), at.index + 1};
    switch (r.below(3)) {
    case 0: a.entries.push_back({at.term, at.index, entry_kind::empty, nullptr}); break;
    case 1: a.entries.push_back({at.term, at.index, entry_kind::command, any_bytes(r)}); break;
    default:
      a.entries.push_back(
        {at.term, at.index, entry_kind::configuration, share(encode(any_members(r)))});
    }
  }
  return a;
}

letter_body any_body(random_source& r, std::size_t kind) {
  auto flag = [&] { return r.chance(1, 2); };
  auto vote = [&] { return flag() ? vote_kind::pre : vote_kind::real; };
  switch (kind) {
  case 0: return vote_request{vote(), any_position(r), flag()};
  case 1: return vote_answer{vote(), flag()};
  case 2: return any_append(r);
  case 3: return append_accepted{log_index{any_number(r)}};
  case 4: return append_rejected{log_index{any_number(r)}, any_position(r)};
  case 5: return heartbeat{log_index{any_number(r)}, read_round{any_number(r)}};
  case 6: return heartbeat_answer{read_round{any_number(r)}};
  case 7: return commit_notice{log_index{any_number(r)}};
  case 8: return stale_term{};
  case 9:
    return snapshot_chunk{snapshot_id{any_number(r)},
                          {any_position(r), any_members(r)},
                          any_number(r),
                          any_number(r),
                          flag() ? any_bytes(r) : nullptr};
  case 10: return snapshot_answer{snapshot_id{any_number(r)}, any_number(r)};
  case 11: return timeout_now{};
  case 12: return read_request{any_number(r)};
  default: return read_answer{any_number(r), log_index{any_number(r)}};
  }
}

letter any_letter(random_source& r) {
  letter l{member_id{any_number(r)}, member_id{any_number(r)}, term_id{any_number(r)},
           any_body(r, r.below(std::variant_size_v<letter_body>))};
  if (const auto* a = std::get_if<append_request>(&l.body); a && !a->entries.empty())
    l.term = std::max(l.term, a->entries.back().term);
  return l;
}

} // namespace

TEST_CASE("wire: every letter comes back as it was") {
  random_source r{1};
  for (std::size_t kind = 0; kind < std::variant_size_v<letter_body>; ++kind)
    CHECK(any_body(r, kind).index() == kind); // none is left out
  for (int i = 0; i < 5000; ++i) {
    auto l = any_letter(r);
    auto back = decode(encode(l));
    REQUIRE(back);
    CHECK(*back == l);
  }
}

TEST_CASE("wire: a letter that is cut short is refused") {
  random_source r{2};
  for (int i = 0; i < 500; ++i) {
    auto bytes = encode(any_letter(r));
    for (std::size_t n = 0; n < bytes.size(); ++n)
      CHECK(!decode(std::string_view{bytes}.substr(0, n)));
    CHECK(!decode(bytes + "x"));
  }
}

TEST_CASE("wire: bytes that were changed are refused, or are another letter with one encoding") {
  random_source r{3};
  int letters = 0;
  for (int i = 0; i < 20000; ++i) {
    auto bytes = encode(any_letter(r));
    for (auto n = r.between(1, 3); n > 0; --n)
      bytes[r.below(bytes.size())] = static_cast<char>(r());
    if (auto back = decode(bytes)) {
      ++letters;
      CHECK(encode(*back) == bytes);
    }
  }
  CHECK(letters > 100);
}

TEST_CASE("wire: noise is refused without a throw or a large allocation") {
  random_source r{4};
  for (int i = 0; i < 20000; ++i) {
    std::string bytes{"\x01", 1};
    bytes += static_cast<char>(r.below(16));
    for (auto n = r.below(60); n > 0; --n)
      bytes += static_cast<char>(r.chance(1, 4) ? 0xff : r());
    (void)decode(bytes).has_value();
  }
  // An append that claims 2^63 entries.
  auto l = letter{member_id{1}, member_id{2}, term_id{3}, append_request{}};
  auto bytes = encode(l);
  bytes.pop_back();
  bytes += std::string(8, '\xff') + '\x7f';
  CHECK(!decode(bytes));
}

TEST_CASE("wire: another format version is refused by name") {
  auto bytes = encode({member_id{1}, member_id{2}, term_id{3}, timeout_now{}});
  bytes[0] = 2;
  auto l = decode(bytes);
  REQUIRE(!l);
  CHECK(l.error().reason == reason::bad_request);
  CHECK(l.error().message == "a raft letter of format version 2 is not understood");
}

TEST_CASE("wire: an append of 100 small commands costs few bytes over the commands") {
  append_request a{{term_id{1000}, log_index{1000000}}, {}, log_index{1000000}};
  for (std::uint64_t i = 1; i <= 100; ++i)
    a.entries.push_back(
      {term_id{1000}, log_index{1000000 + i}, entry_kind::command, share(std::string(100, 'x'))});
  CHECK(encode({member_id{1}, member_id{2}, term_id{1000}, a}).size() < 100 * 103 + 30);
}
