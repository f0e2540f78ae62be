// Letters as bytes: one put and one take per kind of letter, in the order of `letter_body`.
#include "store/raft/wire.hpp"

#include "store/raft/coding.hpp"

#include <array>

namespace troupe::raft {

namespace {

constexpr std::uint8_t version = 1;

void put(byte_writer& w, log_position p) {
  w.id(p.term);
  w.id(p.index);
}
log_position take_position(byte_reader& r) {
  auto term = r.id<term_id>();
  return {term, r.id<log_index>()};
}

void put(byte_writer& w, const vote_request& b) {
  w.byte(static_cast<std::uint8_t>(b.kind));
  put(w, b.last);
  w.byte(b.transfer ? 1 : 0);
}
void take(byte_reader& r, vote_request& b) {
  b.kind = r.flag() ? vote_kind::real : vote_kind::pre;
  b.last = take_position(r);
  b.transfer = r.flag();
}

void put(byte_writer& w, const vote_answer& b) {
  w.byte(static_cast<std::uint8_t>(b.kind));
  w.byte(b.granted ? 1 : 0);
}
void take(byte_reader& r, vote_answer& b) {
  b.kind = r.flag() ? vote_kind::real : vote_kind::pre;
  b.granted = r.flag();
}

// Indexes follow from `before`; a term is written as its step over the entry in front.
void put(byte_writer& w, const append_request& b) {
  put(w, b.before);
  w.id(b.commit);
  w.number(b.entries.size());
  auto term = b.before.term;
  for (const auto& e : b.entries) {
    w.number(e.term - term);
    w.byte(static_cast<std::uint8_t>(e.kind));
    w.text(e.bytes());
    term = e.term;
  }
}
void take(byte_reader& r, append_request& b) {
  b.before = take_position(r);
  b.commit = r.id<log_index>();
  auto count = r.number();
  if (count > r.left() / 3) // an entry takes at least three bytes: no reserve on a stranger's word
    return r.fail();
  b.entries.reserve(count);
  auto at = b.before;
  for (; count > 0 && r.ok(); --count) {
    auto step = r.number();
    if (raw(at.term) + step < step || raw(at.index) + 1 == 0)
      return r.fail();
    at = {at.term + step, at.index + 1};
    auto kind = r.byte();
    auto bytes = r.text();
    if (kind > static_cast<std::uint8_t>(entry_kind::configuration))
      return r.fail();
    entry e{at.term, at.index, static_cast<entry_kind>(kind), nullptr};
    if (!bytes.empty() || e.kind == entry_kind::command)
      e.command = share(std::string{bytes});
    if (e.kind == entry_kind::configuration && !decode_configuration(bytes))
      return r.fail();
    b.entries.push_back(std::move(e));
  }
}

void put(byte_writer& w, const append_accepted& b) { w.id(b.match); }
void take(byte_reader& r, append_accepted& b) { b.match = r.id<log_index>(); }

void put(byte_writer& w, const append_rejected& b) {
  w.id(b.rejected);
  put(w, b.hint);
}
void take(byte_reader& r, append_rejected& b) {
  b.rejected = r.id<log_index>();
  b.hint = take_position(r);
}

void put(byte_writer& w, const heartbeat& b) {
  w.id(b.commit);
  w.id(b.round);
}
void take(byte_reader& r, heartbeat& b) {
  b.commit = r.id<log_index>();
  b.round = r.id<read_round>();
}

void put(byte_writer& w, const heartbeat_answer& b) { w.id(b.round); }
void take(byte_reader& r, heartbeat_answer& b) { b.round = r.id<read_round>(); }

void put(byte_writer& w, const commit_notice& b) { w.id(b.commit); }
void take(byte_reader& r, commit_notice& b) { b.commit = r.id<log_index>(); }

void put(byte_writer&, const stale_term&) {}
void take(byte_reader&, stale_term&) {}

void put(byte_writer& w, const snapshot_chunk& b) {
  w.id(b.id);
  put(w, b.mark.at);
  w.text(encode(b.mark.members));
  w.number(b.offset);
  w.number(b.total);
  w.byte(b.bytes ? 1 : 0);
  if (b.bytes)
    w.text(*b.bytes);
}
void take(byte_reader& r, snapshot_chunk& b) {
  b.id = r.id<snapshot_id>();
  b.mark.at = take_position(r);
  auto members = decode_configuration(r.text());
  if (!members)
    return r.fail();
  b.mark.members = *std::move(members);
  b.offset = r.number();
  b.total = r.number();
  if (r.flag())
    b.bytes = share(std::string{r.text()});
}

void put(byte_writer& w, const snapshot_answer& b) {
  w.id(b.id);
  w.number(b.next);
}
void take(byte_reader& r, snapshot_answer& b) {
  b.id = r.id<snapshot_id>();
  b.next = r.number();
}

void put(byte_writer&, const timeout_now&) {}
void take(byte_reader&, timeout_now&) {}

void put(byte_writer& w, const read_request& b) { w.number(b.number); }
void take(byte_reader& r, read_request& b) { b.number = r.number(); }

void put(byte_writer& w, const read_answer& b) {
  w.number(b.number);
  w.id(b.index);
}
void take(byte_reader& r, read_answer& b) {
  b.number = r.number();
  b.index = r.id<log_index>();
}

template <std::size_t I> letter_body take_body(byte_reader& r) {
  std::variant_alternative_t<I, letter_body> body;
  take(r, body);
  return body;
}

using taker = letter_body (*)(byte_reader&);
template <std::size_t... I>
constexpr std::array<taker, sizeof...(I)> all_takers(std::index_sequence<I...>) {
  return {&take_body<I>...};
}
constexpr auto takers = all_takers(std::make_index_sequence<std::variant_size_v<letter_body>>{});

std::size_t size_hint(const letter& l) {
  std::size_t bytes = 64;
  if (const auto* a = std::get_if<append_request>(&l.body)) {
    for (const auto& e : a->entries)
      bytes += e.bytes().size() + 8;
  } else if (const auto* c = std::get_if<snapshot_chunk>(&l.body); c && c->bytes) {
    bytes += c->bytes->size() + 256;
  }
  return bytes;
}

} // namespace

bool snapshot_chunk::operator==(const snapshot_chunk& o) const {
  return id == o.id && mark == o.mark && offset == o.offset && total == o.total
         && !bytes == !o.bytes && (!bytes || *bytes == *o.bytes);
}

std::string encode(const letter& l) {
  std::string out;
  out.reserve(size_hint(l));
  byte_writer w{out};
  w.byte(version);
  w.byte(static_cast<std::uint8_t>(l.body.index()));
  w.id(l.from);
  w.id(l.to);
  w.id(l.term);
  std::visit([&](const auto& body) { put(w, body); }, l.body);
  return out;
}

result<letter> decode(std::string_view bytes) {
  auto malformed = [&](std::string what) {
    return failure{.reason = reason::bad_request, .message = "a raft letter " + std::move(what)};
  };
  byte_reader r{bytes};
  if (auto v = r.byte(); v != version)
    return malformed("of format version " + std::to_string(v) + " is not understood");
  auto kind = r.byte();
  if (kind >= takers.size())
    return malformed("of kind " + std::to_string(kind) + " is not understood");
  letter l;
  l.from = r.id<member_id>();
  l.to = r.id<member_id>();
  l.term = r.id<term_id>();
  l.body = takers[kind](r);
  if (!r.done())
    return malformed("of kind " + std::to_string(kind) + " is malformed or cut short");
  if (const auto* a = std::get_if<append_request>(&l.body)) {
    if (!a->entries.empty() && a->entries.back().term > l.term)
      return malformed("holds an entry of a term that has not begun");
  }
  return l;
}

} // namespace troupe::raft
