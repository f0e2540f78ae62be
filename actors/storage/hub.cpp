#include "actors/storage/hub.hpp"

#include "actors/kernel/actor.hpp"
#include "actors/storage/steady.hpp"

#include <deque>
#include <map>

namespace troupe::storage {
namespace {

constexpr duration look_every = 250ms;
constexpr duration bookmark_every = 1s;
constexpr duration revision_wait = 3s;    // for a revision that has not come here yet
constexpr duration abandoned_after = 90s; // nobody asked
constexpr duration history_deadline = 30s;
constexpr std::size_t history_page = 1000;

struct look {
  using local_only = void;
};
using hub_interface = watch_hub_actor::extend_with<hub_feed_actor>::extend<proto::tell<look>>;

struct subscription {
  follow what;
  std::deque<store::watch_batch_ptr> ready;
  kernel::promise<changes> asked;
  instant asked_at{};
  instant answer_by{};
  revision up_to{};
  std::optional<revision> since; // what comes is all after it
  bool expired = false;
};
using subscription_ptr = std::shared_ptr<subscription>;

struct waiting_follow {
  std::uint64_t id = 0;
  kernel::promise<followed> to;
  instant deadline{};
};

struct hub_state {
  hub_state() = default;
  hub_dependencies with;
  std::unique_ptr<store::watch_hub> hub; // null until the replica has spoken
  std::map<std::uint64_t, subscription_ptr> subscriptions;
  std::vector<waiting_follow> early; // their revision has not come yet
  std::uint64_t next = 1;
  instant next_bookmarks{};
};
using pointer = kernel::self_ptr<hub_interface, hub_state>;

void begin(pointer self, std::uint64_t id, kernel::promise<followed> to, instant deadline);

failure expired(revision after) {
  return {.reason = reason::expired,
          .message = "changes after revision " + to_string(after) + " are compacted"};
}

void serve(pointer self, std::uint64_t id, subscription& sub, bool even_nothing) {
  if (!sub.asked.open())
    return;
  if (sub.expired)
    return sub.asked.answer(
      failure{.reason = reason::gone, .message = "the watch fell too far behind"});
  if (sub.ready.empty() && !even_nothing)
    return;
  changes out;
  std::size_t taken = 0;
  for (; !sub.ready.empty(); sub.ready.pop_front()) {
    const auto& batch = *sub.ready.front();
    taken += batch.changes.size();
    out.list.insert(out.list.end(), batch.changes.begin(), batch.changes.end());
    if (batch.changes.empty())
      sub.up_to = std::max(sub.up_to, batch.bookmark);
    else if (batch.changes.back()->last)
      sub.up_to = std::max(sub.up_to, batch.changes.back()->at);
  }
  out.up_to = sub.up_to;
  for (const auto& c : out.list)
    kernel::trace::also_caused_by(c->cause);
  sub.asked.answer(std::move(out));
  if (taken > 0) {
    auto more = self->state.hub->taken(store::watcher_id{id}, taken);
    for (auto& d : more.deliver)
      if (auto found = self->state.subscriptions.find(raw(d.who));
          found != self->state.subscriptions.end())
        found->second->ready.push_back(d.what);
    for (auto who : more.expired) // what it is to read next is compacted: its next question is told
      if (auto found = self->state.subscriptions.find(raw(who));
          found != self->state.subscriptions.end()) {
        found->second->expired = true;
        found->second->ready.clear();
      }
  }
}

void perform(pointer self, store::watch_plan plan) {
  auto& all = self->state.subscriptions;
  std::vector<std::uint64_t> touched;
  for (auto& d : plan.deliver)
    if (auto found = all.find(raw(d.who)); found != all.end()) {
      found->second->ready.push_back(std::move(d.what));
      touched.push_back(raw(d.who));
    }
  for (auto who : plan.expired)
    if (auto found = all.find(raw(who)); found != all.end()) {
      found->second->expired = true;
      found->second->ready.clear(); // it lists again: nothing of this may be kept for it
      touched.push_back(raw(who));
    }
  for (auto id : touched)
    if (auto found = all.find(id); found != all.end())
      serve(self, id, *found->second, false);
}

/// Reads what is older than the window, then tries again behind it.
void read_history(pointer self, std::uint64_t id, kernel::promise<followed> to, instant deadline) {
  self->ask(self->state.with.replica, get_history{}, 5s).then([=](result<history_of> h) mutable {
    auto found = self->state.subscriptions.find(id);
    if (found == self->state.subscriptions.end())
      return;
    if (!h) {
      self->state.subscriptions.erase(found);
      return to.answer(std::move(h).error());
    }
    auto sub = found->second;
    kernel::run(
      *self, *self->state.with.reader,
      [past = h->of, after = *sub->what.after, prefix = sub->what.prefix] {
        return past->since(after, prefix, history_page);
      },
      history_deadline)
      .then([=](result<store::history_changes> r) mutable {
        if (!self->state.subscriptions.contains(id))
          return;
        if (!r) {
          self->state.subscriptions.erase(id);
          return to.answer(std::move(r).error());
        }
        auto batch = std::make_shared<store::watch_batch>();
        for (auto& c : r->changes)
          if (!sub->what.exact || c->key() == sub->what.prefix)
            batch->changes.push_back(std::move(c));
        if (!batch->changes.empty())
          sub->ready.push_back(std::move(batch));
        sub->what.after = r->upto;
        begin(self, id, to, deadline);
      });
  });
}

void begin(pointer self, std::uint64_t id, kernel::promise<followed> to, instant deadline) {
  auto& s = self->state;
  auto sub = s.subscriptions.at(id);
  if (!s.hub) {
    s.early.push_back({id, std::move(to), deadline});
    return;
  }
  if (!sub->what.after)
    sub->what.after = s.hub->last();
  if (!sub->since) // before history is read behind it
    sub->since = sub->what.after;
  auto answer = s.hub->subscribe({.who = store::watcher_id{id},
                                  .prefix = sub->what.prefix,
                                  .exact = sub->what.exact,
                                  .after = *sub->what.after,
                                  .bookmarks = true});
  switch (answer.what) {
  case store::watch_start::live:
    to.answer(followed{id, *sub->since});
    return perform(self, std::move(answer.plan));
  case store::watch_start::read_history: return read_history(self, id, to, deadline);
  case store::watch_start::not_yet: s.early.push_back({id, std::move(to), deadline}); return;
  case store::watch_start::expired: to.answer(expired(*sub->what.after)); s.subscriptions.erase(id);
  }
}

void retry_early(pointer self) {
  auto early = std::move(self->state.early);
  self->state.early.clear();
  for (auto& w : early) {
    if (!self->state.subscriptions.contains(w.id))
      continue;
    if (steady(self) < w.deadline) {
      begin(self, w.id, std::move(w.to), w.deadline);
      continue;
    }
    self->state.subscriptions.erase(w.id);
    w.to.answer(
      failure{.reason = reason::timeout, .message = "the revision has not come here yet"});
  }
}

void know(pointer self, revision last, revision compacted) {
  auto& s = self->state;
  s.hub = std::make_unique<store::watch_hub>(last, compacted, s.with.limits, s.with.bugs);
  retry_early(self);
}

/// The replica speaks when it starts; a hub that was started again has to ask. What it publishes
/// after its answer comes after the answer.
void introduce(pointer self) {
  self->ask(self->state.with.replica, get_history{}, 5s).then([self](const result<history_of>& h) {
    if (h && !self->state.hub)
      know(self, h->of->last(), h->of->compacted());
  });
}

void forget(pointer self, std::uint64_t id) {
  if (self->state.hub)
    self->state.hub->unsubscribe(store::watcher_id{id});
  self->state.subscriptions.erase(id);
}

void look_around(pointer self) {
  auto now = steady(self);
  if (!self->state.hub)
    introduce(self);
  retry_early(self);
  if (self->state.hub && now >= self->state.next_bookmarks) {
    self->state.next_bookmarks = now + bookmark_every;
    perform(self, self->state.hub->bookmarks());
  }
  std::vector<std::uint64_t> abandoned;
  for (auto& [id, sub] : self->state.subscriptions) {
    if (sub->asked.open() && now >= sub->answer_by)
      serve(self, id, *sub, true);
    else if (!sub->asked.open() && now - sub->asked_at > abandoned_after)
      abandoned.push_back(id);
  }
  for (auto id : abandoned)
    forget(self, id);
  self->after(look_every, look{});
}

kernel::reply<followed> take_follow(pointer self, const follow& m) {
  auto to = self->promise<followed>();
  auto id = self->state.next++;
  auto sub = std::make_shared<subscription>();
  sub->what = m;
  sub->asked_at = steady(self);
  self->state.subscriptions.emplace(id, sub);
  begin(self, id, to, steady(self) + revision_wait);
  return to;
}

kernel::reply<changes> take_next(pointer self, const next_changes& m) {
  auto found = self->state.subscriptions.find(m.subscription);
  if (found == self->state.subscriptions.end())
    return kernel::answer(
      failure{.reason = reason::gone, .message = "there is no such subscription (any more)"});
  auto sub = found->second;
  auto to = self->promise<changes>();
  sub->asked.answer(changes{}); // an older question of the same asker
  sub->asked = to;
  sub->asked_at = steady(self);
  sub->answer_by = steady(self) + m.wait;
  serve(self, m.subscription, *sub, false);
  if (sub->expired)
    forget(self, m.subscription);
  return to;
}

hub_interface::behavior_type behave(pointer self, hub_dependencies with) {
  self->state.with = std::move(with);
  // Numbers of incarnations do not meet: a subscription of the one before is gone, not another's.
  self->state.next = (std::uint64_t{self->place().incarnation} << 32) + 1;
  self->after(look_every, look{});
  return {
    [self](const follow& m) { return take_follow(self, m); },
    [self](const next_changes& m) { return take_next(self, m); },
    [self](const unfollow& m) { forget(self, m.subscription); },
    [self](const published& m) {
      if (self->state.hub)
        perform(self, self->state.hub->publish(m.changes, m.last, m.compacted));
    },
    [self](const replaced& m) {
      auto& s = self->state;
      if (s.hub)
        return perform(self, s.hub->reset(m.last, m.compacted));
      know(self, m.last, m.compacted);
    },
    [self](const leader_changed&) {
      if (self->state.hub)
        self->state.hub->leader_changed();
    },
    [self](const look&) { look_around(self); },
  };
}

} // namespace

hub_handles spawn_watch_hub(const kernel::place& at, hub_dependencies with) {
  auto spawned =
    kernel::spawn<hub_interface, hub_state>(at.with_mailbox(131'072), behave, std::move(with));
  return {.hub = spawned, .feed = spawned};
}

} // namespace troupe::storage
