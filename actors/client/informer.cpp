#include "actors/client/informer.hpp"

#include "actors/kernel/actor.hpp"

#include <algorithm>
#include <map>

namespace troupe::client {
namespace {

struct go_on {
  using local_only = void;
  std::uint64_t round = 0;
};
using informer_interface = informer_actor::extend<proto::tell<go_on>>;

constexpr duration forget_after = 4 * inform_every; // a subscriber that says nothing is dead

struct subscriber {
  informed_actor who;
  bool complete = false; // has been told the whole state
  instant heard{};       // when it last said that it is there
};

struct informer_state {
  informer_state() = default;
  informer_settings with;
  std::map<std::string, api::object_ptr> objects; // namespace/name
  std::vector<subscriber> subscribers;
  std::vector<api::event> initial; // while the whole state is coming in
  revision seen{};                 // 0: nothing yet
  bool whole = false;              // `objects` is a whole state
  bool listing = false;
  std::size_t server = 0;
  std::uint64_t stream = 0;
  std::uint64_t round = 0; // of attempts; what belongs to an older one is ignored
  duration wait{};
};
using pointer = kernel::self_ptr<informer_interface, informer_state>;

void open(pointer self);
void pull(pointer self, std::uint64_t round);

std::string key_of(const api::object& o) { return o.meta.ns + '/' + o.meta.name; }

informed news_of(pointer self, std::vector<api::event> events, bool whole) {
  const auto& s = self->state;
  return {std::make_shared<const informed::news>(informed::news{.group = s.with.what.group,
                                                                .resource = s.with.what.resource,
                                                                .whole = whole,
                                                                .events = std::move(events),
                                                                .upto = s.seen})};
}

informed whole_state(pointer self) {
  std::vector<api::event> all;
  for (const auto& [key, o] : self->state.objects)
    all.push_back({.what = api::event::kind::added, .of = o, .why = {}});
  return news_of(self, std::move(all), true);
}

void tell_all(pointer self, const informed& news) {
  for (auto& who : self->state.subscribers) {
    if (!who.complete && !news.what->whole)
      continue;
    who.complete = true;
    self->tell(who.who, news);
  }
}

void tell_whole(pointer self, subscriber& who) {
  who.complete = true;
  self->tell(who.who, whole_state(self));
}

void retry(pointer self) {
  auto& s = self->state;
  ++s.round;
  s.server = (s.server + 1) % s.with.servers.size();
  s.wait = s.wait == duration{} ? s.with.retry_first : std::min(s.wait * 2, s.with.retry_most);
  self->after(s.wait, go_on{s.round});
}

/// The last version is gone: everything from the start.
void start_over(pointer self) {
  self->state.seen = {};
  retry(self);
}

void finish_listing(pointer self) {
  auto& s = self->state;
  s.listing = false;
  s.whole = true;
  s.objects.clear();
  for (auto& e : s.initial)
    s.objects[key_of(*e.of)] = e.of;
  s.initial.clear();
  tell_all(self, whole_state(self));
}

/// False: the watch ended with an error.
bool take(pointer self, const events& news) {
  auto& s = self->state;
  std::vector<api::event> changed;
  bool advanced = false; // a bookmark says that nothing else happened so far
  for (const auto& e : news.list) {
    switch (e.what) {
    case api::event::kind::error: return false;
    case api::event::kind::bookmark:
      advanced = advanced || (!s.listing && e.of->meta.version > s.seen);
      s.seen = std::max(s.seen, e.of->meta.version);
      if (s.listing)
        finish_listing(self);
      continue;
    case api::event::kind::deleted: s.objects.erase(key_of(*e.of)); break;
    case api::event::kind::added:
    case api::event::kind::modified:
      if (s.listing) {
        s.initial.push_back(e);
        continue;
      }
      s.objects[key_of(*e.of)] = e.of;
    }
    s.seen = std::max(s.seen, e.of->meta.version);
    changed.push_back(e);
  }
  if ((!changed.empty() || advanced) && s.whole)
    tell_all(self, news_of(self, std::move(changed), false));
  return true;
}

void pull(pointer self, std::uint64_t round) {
  auto& s = self->state;
  self->ask(s.with.servers[s.server], next_events{s.stream}, heartbeat + call_deadline)
    .then([self, round](result<events> news) {
      auto& h = self->state;
      if (round != h.round)
        return;
      if (!news)
        return retry(self);
      h.wait = {};
      if (!take(self, *news))
        return start_over(self);
      if (news->ended)
        return retry(self);
      pull(self, round);
    });
}

void open(pointer self) {
  auto& s = self->state;
  auto round = s.round;
  auto what = s.with.what;
  what.verb = api::verb::watch;
  what.options.bookmarks = true;
  s.listing = s.seen == revision{};
  s.initial.clear();
  if (s.listing) {
    what.options.initial_events = true;
    what.options.match = api::version_match::not_older_than;
    what.options.version.reset();
  } else {
    what.options.version = s.seen;
  }
  self->ask(s.with.servers[s.server], open_watch{std::move(what)}, call_deadline)
    .then([self, round](result<watch_opened> opened) {
      auto& h = self->state;
      if (round != h.round)
        return;
      if (!opened) {
        if (opened.error().reason == reason::expired || opened.error().reason == reason::gone)
          return start_over(self);
        return retry(self);
      }
      h.stream = opened->stream;
      pull(self, round);
    });
}

void add(pointer self, const inform& m) {
  auto& s = self->state;
  auto known = std::find_if(s.subscribers.begin(), s.subscribers.end(),
                            [&](const subscriber& x) { return x.who == m.who; });
  if (known == s.subscribers.end()) {
    s.subscribers.push_back({.who = m.who});
    known = std::prev(s.subscribers.end());
  } else if (known->complete && m.told == revision{}) {
    known->complete = false; // it restarted and knows nothing
  }
  known->heard = self->now();
  if (!known->complete && s.whole)
    tell_whole(self, *known);
  std::erase_if(s.subscribers,
                [&](const subscriber& x) { return self->now() - x.heard > forget_after; });
}

informer_interface::behavior_type behave(pointer self, informer_settings with) {
  self->state.with = std::move(with);
  open(self);
  return {
    [self](const inform& m) { add(self, m); },
    [self](const go_on& m) {
      if (m.round == self->state.round)
        open(self);
    },
  };
}

} // namespace

std::string traced_object(const informed& m) {
  if (m.what->whole || m.what->events.empty())
    return {};
  const auto& o = *m.what->events.front().of;
  return o.kind + '/' + (o.meta.ns.empty() ? "" : o.meta.ns + '/') + o.meta.name;
}

informer_actor spawn_informer(const kernel::place& at, informer_settings with) {
  return kernel::spawn<informer_interface, informer_state>(at, behave, std::move(with));
}

} // namespace troupe::client
