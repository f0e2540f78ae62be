#include "actors/api/server/streams.hpp"

#include "actors/api/server/state.hpp"

#include <algorithm>

namespace troupe::api_server {
namespace {

constexpr std::size_t seen_changes = 1024; // kept for other watches of the same change

failure no_such_stream() {
  return {.reason = reason::gone,
          .message = "the watch is gone: it lagged behind or the server restarted"};
}

std::shared_ptr<const pipeline::seen_change> see(api_state& s,
                                                 const std::shared_ptr<const store::change>& c) {
  auto known = std::find_if(s.seen.rbegin(), s.seen.rend(),
                            [&](const auto& entry) {
                              return entry.second->at == c->at && entry.second->key == c->key();
                            });
  if (known != s.seen.rend())
    return known->second;
  auto read = pipeline::see(*c);
  if (!read)
    return nullptr; // no object: none of our keys
  auto out = std::make_shared<const pipeline::seen_change>(std::move(*read));
  s.seen.emplace_back(c.get(), out);
  if (s.seen.size() > seen_changes)
    s.seen.pop_front();
  return out;
}

/// The initial events come as they are asked for: a whole state is never in `ready`.
void refill(stream& st) {
  while (st.initial && !st.ended && st.ready.empty())
    if (!pipeline::initial_events(*st.initial, st.plan, st.next_initial, max_batch,
                                  [&](api::event e) { st.ready.push_back(std::move(e)); }))
      st.initial = nullptr;
}

/// Gives a waiting client what is ready; with `heartbeat` also nothing.
void serve(stream& st, bool heartbeat) {
  if (!st.asked.open() || (st.ready.empty() && !st.ended && !heartbeat))
    return;
  client::events out;
  auto count = std::min(st.ready.size(), max_batch);
  for (std::size_t i = 0; i < count; ++i) {
    out.list.push_back(std::move(st.ready.front()));
    st.ready.pop_front();
  }
  out.ended = st.ended && st.ready.empty();
  st.asked.answer(std::move(out));
}

void finish(pointer self, const stream_ptr& st, const failure& why) {
  st->ready.push_back({.what = api::event::kind::error, .of = nullptr, .why = why});
  st->ended = true;
  if (st->subscription != 0)
    self->tell(self->state.with.hub, storage::unfollow{st->subscription});
  st->subscription = 0;
  serve(*st, false);
}

void take(pointer self, const stream_ptr& st, const storage::changes& news) {
  for (const auto& c : news.list) {
    if (!st->plan.wants(c->key()))
      continue;
    auto seen = see(self->state, c);
    if (!seen)
      continue;
    if (auto e = pipeline::event_of(*seen, st->plan))
      st->ready.push_back(std::move(*e));
  }
  if (st->plan.bookmarks && news.up_to > st->bookmarked
      && self->now() - st->last_bookmark >= bookmark_every) {
    st->ready.push_back(pipeline::bookmark(news.up_to));
    st->bookmarked = news.up_to;
    st->last_bookmark = self->now();
  }
}

bool time_is_up(pointer self, stream& st) { return st.until && self->now() >= *st.until; }

void pull_hub(pointer self, const stream_ptr& st) {
  if (st->pulling || st->ended || st->subscription == 0 || !st->ready.empty())
    return;
  st->pulling = true;
  auto wait = client::heartbeat;
  if (st->until)
    wait = std::clamp<duration>(*st->until - self->now(), 1ms, wait);
  self
    ->ask(self->state.with.hub, storage::next_changes{st->subscription, wait},
          wait + client::call_deadline)
    .then([self, st](result<storage::changes> news) {
      st->pulling = false;
      if (!news)
        return finish(self, st,
                      {.reason = reason::expired,
                       .message = "too old resource version: " + news.error().message});
      take(self, st, *news);
      if (time_is_up(self, *st))
        st->ended = true;
      serve(*st, true);
    });
}

} // namespace

void open_stream(pointer self, opened what, kernel::promise<client::watch_opened> to) {
  if (self->state.streams.size() >= self->state.with.max_streams)
    return to.answer(failure{.reason = reason::too_many_requests,
                             .message = "too many open watches",
                             .causes = {},
                             .retry_after_seconds = 1});
  auto st = std::make_shared<stream>();
  st->plan = std::move(what.plan);
  st->last_asked = st->last_bookmark = self->now();
  if (st->plan.timeout > duration{})
    st->until = self->now() + st->plan.timeout;
  st->initial = std::move(what.view);
  self
    ->ask(self->state.with.hub, storage::follow{st->plan.prefix, st->plan.single, st->plan.start},
          client::call_deadline)
    .then([self, st, to](result<storage::followed> f) mutable {
      auto id = self->state.random();
      if (!f) {
        if (f.error().reason != reason::expired && f.error().reason != reason::gone)
          return to.answer(std::move(f).error());
        finish(self, st, {.reason = reason::expired, .message = "too old resource version"});
      } else {
        st->subscription = f->subscription;
      }
      self->state.streams.emplace(id, st);
      to.answer(client::watch_opened{id});
    });
}

void pull_stream(pointer self, std::uint64_t id, kernel::promise<client::events> to) {
  auto found = self->state.streams.find(id);
  if (found == self->state.streams.end())
    return to.answer(no_such_stream());
  auto st = found->second;
  st->asked.answer(client::events{}); // an earlier question of the same client: it gave up on it
  st->asked = std::move(to);
  st->last_asked = self->now();
  if (time_is_up(self, *st))
    st->ended = true;
  refill(*st);
  serve(*st, false);
  if (st->ended && st->ready.empty())
    return close_stream(self, id);
  if (st->asked.open())
    pull_hub(self, st);
}

void close_stream(pointer self, std::uint64_t id) {
  auto found = self->state.streams.find(id);
  if (found == self->state.streams.end())
    return;
  if (found->second->subscription != 0)
    self->tell(self->state.with.hub, storage::unfollow{found->second->subscription});
  self->state.streams.erase(found);
}

void tidy_all_streams(pointer self) {
  std::vector<std::uint64_t> abandoned;
  for (const auto& [id, st] : self->state.streams)
    if (!st->asked.open() && self->now() - st->last_asked > abandoned_after)
      abandoned.push_back(id);
  for (auto id : abandoned)
    close_stream(self, id);
}

} // namespace troupe::api_server
