#include "actors/storage/raw_watch.hpp"

#include "actors/kernel/actor.hpp"
#include "actors/storage/steady.hpp"
#include "store/watch/relay.hpp"

#include <algorithm>
#include <map>

namespace troupe::storage {
namespace {

constexpr duration look_every = 250ms;
constexpr duration hub_wait = 20s; // of one question to the hub
constexpr duration hub_deadline = 30s;
constexpr duration follow_deadline = 30s; // it may have to read history
constexpr duration abandoned_after = 90s; // nobody asked
constexpr std::uint32_t most_wait_ms = 60'000;
constexpr std::uint32_t most_gather_ms = 1'000;

using store::feed_id;
using store::follower_id;
using store::stream_id;

struct look {
  using local_only = void;
};
/// A stream's changes have gathered long enough.
struct gathered {
  using local_only = void;
  stream_id on{};
};
using watch_interface = raw_watch_actor::extend<proto::tell<look>>::extend<proto::tell<gathered>>;

struct waiting_follower {
  store::relay::joined as;
  kernel::promise<raw_followed> to;
};
struct feed_state {
  std::uint64_t subscription = 0; // of the hub; 0: asked for
  std::vector<waiting_follower> waiting;
};
struct stream_state {
  kernel::promise<raw_changes> asked;
  instant asked_at{};
  instant answer_by{};
  instant answered{};
  duration gather{};
  bool scheduled = false; // `gathered` is on its way
};
struct watch_state {
  watch_state() = default;
  watch_hub_actor hub;
  store::relay all;
  std::map<feed_id, feed_state> feeds;
  std::map<stream_id, stream_state> streams;
};
using pointer = kernel::self_ptr<watch_interface, watch_state>;

// -- streams -------------------------------------------------------------------------------------

void answer(pointer self, stream_id on, stream_state& s, bool marks) {
  s.answered = s.asked_at = steady(self);
  auto what = self->state.all.take(on, marks);
  auto to = std::exchange(s.asked, {});
  to.answer(raw_changes{std::move(what)});
  if (!self->state.all.has(on)) // all its followers are gone
    self->state.streams.erase(on);
}

/// Answers what is asked if there is something to say and it is time.
void deliver(pointer self, stream_id on) {
  auto found = self->state.streams.find(on);
  if (found == self->state.streams.end() || !self->state.all.pending(on))
    return;
  auto& s = found->second;
  if (!s.asked.open() || s.scheduled)
    return;
  auto due = s.answered + s.gather;
  if (due <= steady(self))
    return answer(self, on, s, false);
  s.scheduled = true;
  self->after(due - steady(self), gathered{on});
}

void deliver_all(pointer self, const std::vector<stream_id>& those) {
  for (auto on : those)
    deliver(self, on);
}

/// Subscriptions of the hub that nobody needs any more.
void drop_unused(pointer self) {
  for (auto id : self->state.all.unused())
    if (auto f = self->state.feeds.extract(id); f && f.mapped().subscription != 0)
      self->tell(self->state.hub, unfollow{f.mapped().subscription});
}

void end_stream(pointer self, stream_id on) {
  self->state.all.leave(on, {});
  self->state.streams.erase(on);
  drop_unused(self);
}

// -- feeds ---------------------------------------------------------------------------------------

void pump(pointer self, feed_id id) {
  auto subscription = self->state.feeds.at(id).subscription;
  self
    ->ask(self->state.hub, next_changes{.subscription = subscription, .wait = hub_wait},
          hub_deadline)
    .then([self, id](const result<changes>& r) {
      if (!self->state.feeds.contains(id))
        return;
      if (!r) {
        self->state.feeds.erase(id);
        return deliver_all(self, self->state.all.lost(id));
      }
      for (const auto& c : r->list)
        kernel::trace::also_caused_by(c->cause);
      deliver_all(self, self->state.all.add(id, r->list, r->up_to));
      pump(self, id);
    });
}

void begin(pointer self, feed_id id, const follow& what) {
  self->state.feeds[id] = {};
  self->ask(self->state.hub, what, follow_deadline).then([self, id](const result<followed>& r) {
    auto found = self->state.feeds.find(id);
    if (found == self->state.feeds.end()) { // nobody wants it any more
      if (r)
        self->tell(self->state.hub, unfollow{r->subscription});
      return;
    }
    auto waiting = std::exchange(found->second.waiting, {});
    if (!r) {
      self->state.feeds.erase(found);
      for (auto& w : waiting) {
        self->state.all.leave(w.as.stream, w.as.who);
        if (!self->state.all.has(w.as.stream))
          self->state.streams.erase(w.as.stream);
        w.to.answer(r.error());
      }
      (void)self->state.all.unused();
      return;
    }
    found->second.subscription = r->subscription;
    self->state.all.started(id, r->at);
    for (auto& w : waiting)
      w.to.answer(raw_followed{raw(w.as.stream), raw(w.as.who), r->at});
    pump(self, id);
  });
}

// -- what is asked -------------------------------------------------------------------------------

failure no_stream() {
  return {.reason = reason::gone, .message = "there is no such stream (any more)"};
}

kernel::reply<raw_followed> take_follow(pointer self, const follow_raw& m) {
  auto& s = self->state;
  auto after = m.after == revision{} ? std::nullopt : std::optional{m.after};
  auto on = stream_id{m.stream};
  if (m.stream != 0 && !s.all.has(on))
    return kernel::answer(no_stream());
  auto as = s.all.follow(on, {.prefix = m.prefix, .exact = m.exact, .after = after});
  if (!as)
    return kernel::answer(as.error());
  s.streams.try_emplace(as->stream).first->second.asked_at = steady(self);
  if (auto at = s.all.begins_at(as->feed))
    return raw_followed{raw(as->stream), raw(as->who), *at};
  auto to = self->promise<raw_followed>();
  if (as->fresh)
    begin(self, as->feed, {.prefix = m.prefix, .exact = m.exact, .after = after});
  s.feeds.at(as->feed).waiting.push_back({*as, to});
  return to;
}

kernel::reply<raw_changes> take_next(pointer self, const next_raw& m) {
  auto found = self->state.streams.find(stream_id{m.stream});
  if (found == self->state.streams.end())
    return kernel::answer(no_stream());
  auto& s = found->second;
  auto to = self->promise<raw_changes>();
  s.asked.answer(raw_changes{}); // an older question of the same asker
  s.asked = to;
  s.asked_at = steady(self);
  s.answer_by = s.asked_at + std::chrono::milliseconds{std::min(m.wait_ms, most_wait_ms)};
  s.gather = std::chrono::milliseconds{std::min(m.gather_ms, most_gather_ms)};
  deliver(self, stream_id{m.stream});
  return to;
}

void look_around(pointer self) {
  auto now = steady(self);
  std::vector<stream_id> due;
  std::vector<stream_id> abandoned;
  for (auto& [id, s] : self->state.streams) {
    if (s.asked.open() && now >= s.answer_by)
      due.push_back(id);
    else if (!s.asked.open() && now - s.asked_at > abandoned_after)
      abandoned.push_back(id);
  }
  for (auto id : due)
    answer(self, id, self->state.streams.at(id), true);
  for (auto id : abandoned)
    end_stream(self, id);
  drop_unused(self);
  self->after(look_every, look{});
}

watch_interface::behavior_type behave(pointer self, const watch_hub_actor& hub) {
  self->state.hub = hub;
  // Numbers of incarnations do not meet: a stream of the one before is gone, not another's.
  self->state.all = store::relay{(std::uint64_t{self->place().incarnation} << 32) + 1};
  self->after(look_every, look{});
  return {
    [self](const follow_raw& m) { return take_follow(self, m); },
    [self](const next_raw& m) { return take_next(self, m); },
    [self](const unfollow_raw& m) {
      auto on = stream_id{m.stream};
      self->state.all.leave(on, follower_id{m.follower});
      if (!self->state.all.has(on))
        self->state.streams.erase(on);
      drop_unused(self);
    },
    [self](const look&) { look_around(self); },
    [self](const gathered& m) {
      if (auto s = self->state.streams.find(m.on); s != self->state.streams.end())
        s->second.scheduled = false;
      deliver(self, m.on);
    },
  };
}

} // namespace

raw_watch_actor spawn_raw_watch(const kernel::place& at, watch_hub_actor hub) {
  return kernel::spawn<watch_interface, watch_state>(at.with_mailbox(16'384), behave,
                                                     std::move(hub));
}

kernel::portal raw_watch_portal_of(const raw_watch_actor& watch) {
  kernel::portal out{raw_watch_portal, watch};
  out.accept<follow_raw>({kernel::role::master})
    .accept<next_raw>({kernel::role::master})
    .accept<unfollow_raw>({kernel::role::master});
  return out;
}

} // namespace troupe::storage
