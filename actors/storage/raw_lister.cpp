#include "actors/storage/raw_lister.hpp"

#include "actors/storage/steady.hpp"
#include "store/base/wire.hpp"

#include <algorithm>
#include <deque>

namespace troupe::storage {
namespace {

constexpr std::size_t most_bytes = std::size_t{2} << 20;
constexpr std::size_t kept_views = 8; // of lists that have more
constexpr duration kept_for = 10s;
constexpr duration deadline = 10s;

/// A view holds the records that were replaced since.
struct drop_old {
  using local_only = void;
};
using lister_interface = lister_actor::extend<proto::tell<drop_old>>;

struct kept_view {
  store::view_ptr of;
  instant used{};
};
struct lister_state {
  lister_state() = default;
  replica_actor replica;
  std::deque<kept_view> kept; // least recently used first
  bool scheduled = false;
};
using pointer = kernel::self_ptr<lister_interface, lister_state>;

result<raw_listed> list_from(const store::view& of, const list_raw& what) try {
  raw_listed out{.at = of.at(), .count = 0, .records = {}, .more = false};
  out.records.reserve(std::min<std::size_t>(most_bytes + (most_bytes >> 3U), what.limit * 1024U));
  of.scan({.prefix = what.prefix, .from = what.from, .limit = 0}, [&](const store::record_ptr& r) {
    if (out.count == what.limit || out.records.size() > most_bytes) {
      out.more = true;
      return false;
    }
    ++out.count;
    store::put_bytes(out.records, r->key);
    store::put_varint(out.records, raw(r->created));
    store::put_varint(out.records, raw(r->modified));
    store::put_bytes(out.records, *r->value);
    return true;
  });
  return out;
} catch (const std::exception& e) { // the past was compacted meanwhile
  return failure{.reason = reason::expired, .message = std::string{"list the store: "} + e.what()};
}

void keep(pointer self, const store::view_ptr& of) {
  auto& s = self->state;
  std::erase_if(s.kept, [&](const kept_view& k) { return k.of->at() == of->at(); });
  s.kept.push_back({of, steady(self)});
  if (s.kept.size() > kept_views)
    s.kept.pop_front();
  if (!std::exchange(s.scheduled, true))
    self->after(kept_for, drop_old{});
}

void serve(pointer self, const store::view_ptr& of, const list_raw& what,
           kernel::promise<raw_listed> to) {
  auto made = list_from(*of, what);
  if (made && made->more)
    keep(self, of);
  to.answer(std::move(made));
}

void go_on(pointer self, const list_raw& what, kernel::promise<raw_listed> to) {
  const auto& kept = self->state.kept;
  auto found = std::find_if(kept.begin(), kept.end(),
                            [&](const kept_view& k) { return k.of->at() == what.at; });
  if (found != kept.end())
    return serve(self, store::view_ptr{found->of}, what, std::move(to));
  self->ask(self->state.replica, get_view_at{what.at}, deadline)
    .then([self, what, to](const result<viewed>& of) mutable {
      if (of)
        return serve(self, of->of, what, std::move(to));
      to.answer(of.error());
    });
}

lister_interface::behavior_type behave(pointer self, const replica_actor& replica) {
  self->state.replica = replica;
  return {
    [self](const make_list& m) {
      if (m.of)
        serve(self, m.of, m.what, m.to);
      else
        go_on(self, m.what, m.to);
    },
    [self](const drop_old&) {
      auto& s = self->state;
      while (!s.kept.empty() && s.kept.front().used + kept_for <= steady(self))
        s.kept.pop_front();
      s.scheduled = !s.kept.empty();
      if (s.scheduled)
        self->after(s.kept.front().used + kept_for - steady(self), drop_old{});
    },
  };
}

} // namespace

lister_actor spawn_lister(const kernel::place& at, replica_actor replica) {
  return kernel::spawn<lister_interface, lister_state>(at, behave, std::move(replica));
}

result<std::vector<raw_record>> read_records(const raw_listed& from) {
  std::vector<raw_record> out;
  out.reserve(std::min<std::size_t>(from.count, from.records.size() / 4 + 1));
  for (store::unpacker in{from.records}; !in.done() || out.size() < from.count;) {
    raw_record r;
    r.key = in.bytes();
    r.created = revision{in.varint()};
    r.modified = revision{in.varint()};
    r.value = in.bytes();
    if (!in.good() || out.size() == from.count)
      return failure{.reason = reason::bad_request,
                     .message = "read a list of the store: the records are malformed"};
    out.push_back(std::move(r));
  }
  return out;
}

} // namespace troupe::storage
