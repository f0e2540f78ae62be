// The mirror and what feeds it: the whole prefix once, then one watch, for as long as it lasts.
#include "actors/storage/etcd/host.hpp"

namespace troupe::storage {
namespace {

constexpr duration page_deadline = 10s;
constexpr duration load_again = 500ms;
constexpr duration first_backoff = 50ms;
constexpr duration most_backoff = 1s;
constexpr duration left_behind = 5s;
constexpr std::uint64_t least_page = 16; // of values as big as etcd takes them

void later(etcd_ptr self, duration by, std::function<void(etcd_ptr)> what) {
  self->after(by, driver_said{std::move(what)});
}

void open_watch(etcd_ptr self);

void take_news(etcd_ptr self, etcd::news&& what) {
  auto& s = self->state;
  s.heard = steady(self);
  s.backoff = {};
  auto before = s.mirror->at();
  auto done = s.mirror->take(std::move(what));
  if (s.mirror->trouble())
    return self->fail(*s.mirror->trouble());
  for (const auto& c : done.changes)
    kernel::trace::also_caused_by(c->cause);
  auto compacted = s.mirror->compacted();
  if (s.mirror->at() != before || compacted != s.told_compacted)
    self->tell(s.with.hub, published{std::move(done.changes), s.mirror->at(), compacted});
  s.told_compacted = compacted;
  if (done.masters)
    look_at_masters(self);
  if (done.candidates)
    look_at_candidates(self);
  serve_outcomes(self);
  serve_views(self);
}

void ask_news(etcd_ptr self) {
  auto number = self->state.stream;
  self->state.watch->next(in_actor<etcd::news>(self, [number](etcd_ptr me, result<etcd::news> r) {
    auto& s = me->state;
    if (number != s.stream)
      return;
    if (r) {
      take_news(me, std::move(*r));
      if (number == s.stream)
        ask_news(me);
      return;
    }
    s.watch.reset();
    if (r.error().reason == reason::expired) // away for longer than history is kept
      return load(me);
    s.backoff = std::min<duration>(std::max<duration>(2 * s.backoff, first_backoff), most_backoff);
    later(me, s.backoff, [number](etcd_ptr again) {
      if (number == again->state.stream)
        open_watch(again);
    });
  }));
}

void open_watch(etcd_ptr self) {
  auto& s = self->state;
  ++s.stream;
  s.stream_since = steady(self);
  s.watch = s.with.cluster->follow(
    {.from = s.keys.first(), .to = s.keys.end(), .start = s.mirror->seen() + 1, .before = false});
  ask_news(self);
}

void loaded(etcd_ptr self, const result<revision>& at) {
  auto& s = self->state;
  auto fresh = std::move(s.loading);
  if (!at)
    return later(self, load_again, load);
  if (auto good = fresh->loaded(*at); !good)
    return self->fail(std::move(good).error()); // it was ours when we started, or is sealed
  s.heard = steady(self);
  bool first = !s.mirror;
  s.mirror = std::move(fresh);
  if (first)
    end_former_life(self);
  s.told_compacted = s.mirror->compacted();
  self->tell(s.with.hub, replaced{s.mirror->at(), s.told_compacted});
  open_watch(self);
  look_at_masters(self);
  look_at_candidates(self);
  serve_outcomes(self);
  serve_views(self);
}

} // namespace

void load(etcd_ptr self) {
  auto& s = self->state;
  ++s.stream;
  s.watch.reset();
  s.loading = std::make_unique<etcd::mirror>(s.keys, etcd::mirror_limits{}, s.with.keys);
  read_pages(self, {.from = s.keys.first(),
                    .to = s.keys.end(),
                    .at = {},
                    .page = s.with.settings.page,
                    .take =
                      [](etcd_ptr me, std::vector<etcd::record>&& page) {
                        me->state.loading->load(std::move(page));
                      },
                    .done = [](etcd_ptr me, const result<revision>& at) { loaded(me, at); }});
}

void watch_again(etcd_ptr self) {
  if (self->state.mirror && self->state.watch)
    open_watch(self);
}

bool is_fed(etcd_ptr self) {
  const auto& s = self->state;
  return s.mirror && steady(self) - s.heard < std::max(left_behind, s.with.settings.lease);
}

void read_pages(etcd_ptr self, reading what) {
  etcd::question page{.from = what.from, .to = what.to, .limit = what.page, .at = what.at};
  self->state.with.cluster->range(
    std::move(page), page_deadline,
    in_actor<etcd::answer>(self, [what](etcd_ptr me, result<etcd::answer> r) mutable {
      if (!r && r.error().reason == reason::too_many_requests && what.page > least_page) {
        what.page = std::max(least_page, what.page / 4); // more than an answer may hold
        return read_pages(me, std::move(what));
      }
      if (!r)
        return what.done(me, std::move(r).error());
      if (what.at == revision{})
        what.at = r->at; // the other pages are of this very moment
      auto more = r->records.size() == what.page;
      if (more)
        what.from = r->records.back().key + '\0';
      what.take(me, std::move(r->records));
      if (more)
        return read_pages(me, std::move(what));
      what.done(me, what.at);
    }));
}

} // namespace troupe::storage
