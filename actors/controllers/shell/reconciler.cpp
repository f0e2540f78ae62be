#include "actors/controllers/shell/reconciler.hpp"

#include "actors/controllers/expectations.hpp"
#include "actors/controllers/shell/requests.hpp"
#include "actors/controllers/shell/work_queue.hpp"
#include "actors/kernel/actor.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::control {
namespace {

constexpr duration after_doubt = 5s;     // before a key whose write's outcome is unknown is planned
constexpr duration when_behind = 20ms;   // before the cache is compared with the API again
constexpr duration look_at_least = 1s;   // for parked keys whose patience may have ended
constexpr std::size_t most_events = 256; // under way; what is said beyond them is not recorded

/// One write with what is said of it.
struct step {
  action what;
  std::vector<emit> said;
};

/// One key's plan while it is performed.
struct performance {
  std::string key;
  std::vector<step> steps;
  std::size_t next = 0;
  std::size_t under_way = 0;
  std::optional<failure> failed;
};
using performance_ptr = std::shared_ptr<performance>;

struct reconciler_state {
  reconciler_state() : known({}), random(0) {}
  reconciler_settings with;
  cache known;
  expectations awaited;
  work_queue queue;
  event_book book;
  random_source random;
  std::map<resource, revision> told;
  std::map<std::string, failure> trouble; // by key
  std::set<std::string> confirmed;        // keys whose creations may be trusted to count right
  std::vector<registration::question> open_questions;
  std::size_t performing = 0;
  std::size_t events = 0;
  instant subscribed{};
  instant ticked{};
  std::optional<instant> armed; // when look_again comes
};
using pointer = kernel::self_ptr<reconciler_actor, reconciler_state>;

void pump(pointer self);
void go_on(pointer self, const performance_ptr& p);

/// Soft failures are answered by planning again; what is left is worth telling.
bool tells(const failure& f) {
  switch (f.reason) {
  case reason::conflict:
  case reason::not_found:
  case reason::gone:
  case reason::expired:
  case reason::timeout:
  case reason::unavailable:
  case reason::too_many_requests: return false;
  default: return true;
  }
}

api::request signed_by(pointer self, api::request r) {
  r.from = self->state.with.user;
  r.fence = self->fence();
  r.options.field_manager = self->state.with.what.component;
  return r;
}

void arm(pointer self) {
  auto& s = self->state;
  auto now = self->now();
  auto at = now + look_at_least;
  if (s.with.what.tick)
    at = std::min(at, now + std::max<duration>(s.with.what.every, 1ms));
  if (auto next = s.queue.next_at())
    at = std::min(at, std::max(*next, now + 1ms));
  if (s.armed && *s.armed <= at && *s.armed > now)
    return;
  s.armed = at;
  self->after(at - now, look_again{});
}

// -- events ---------------------------------------------------------------------

void record(pointer self, const emit& e) {
  auto& s = self->state;
  if (s.events >= most_events)
    return;
  ++s.events;
  const auto& said = s.book.note(e, self->now(), s.random);
  auto body = event_body(e, s.with.what.component, said.name, said.first, self->now(), said.count);
  static const resource events{"", "v1", "events"};
  action a = create{.of = events, .ns = event_namespace(e), .name = said.name, .body = body};
  if (said.count > 1) {
    auto tree = nlohmann::json::parse(body);
    nlohmann::json change{{"count", tree["count"]}, {"lastTimestamp", tree["lastTimestamp"]}};
    a = patch{.at = {.of = events, .ns = event_namespace(e), .name = said.name},
              .body = change.dump()};
  }
  self->ask(s.with.api, client::call{signed_by(self, *request_of(a))}, client::call_deadline)
    .then([self](const result<client::called>&) { --self->state.events; });
}

// -- performing -----------------------------------------------------------------

void finish(pointer self, const performance_ptr& p) {
  auto& s = self->state;
  --s.performing;
  s.awaited.performed(p->key);
  if (!p->failed) {
    s.trouble.erase(p->key);
    s.queue.done(p->key);
  } else if (p->failed->reason == reason::timeout) {
    s.confirmed.erase(p->key); // whatever it creates next is counted anew
    s.queue.done(p->key);
    s.queue.add_at(p->key, self->now() + after_doubt);
  } else {
    if (tells(*p->failed))
      s.trouble[p->key] = *p->failed;
    s.queue.failed(p->key, self->now());
  }
  pump(self);
}

void answered(pointer self, const performance_ptr& p, const step& what,
              const result<client::called>& r) {
  auto& s = self->state;
  --p->under_way;
  auto failed = r ? failure_of(r->answer) : std::optional{r.error()};
  bool was_gone =
    failed && failed->reason == reason::not_found && std::holds_alternative<remove>(what.what);
  if (failed && !was_gone) {
    if (!p->failed)
      p->failed = std::move(failed);
  } else {
    if (auto of = changes(what.what); of && r && s.known.reads(*of))
      s.awaited.expect(p->key, *of, r->answer.version, self->now());
    for (const auto& e : what.said)
      record(self, e);
  }
  go_on(self, p);
}

bool may_overlap(const action& a) {
  return std::holds_alternative<create>(a) || std::holds_alternative<remove>(a);
}

void go_on(pointer self, const performance_ptr& p) {
  auto& s = self->state;
  while (!p->failed && p->next < p->steps.size()) {
    bool free = may_overlap(p->steps[p->next].what);
    bool crowd = p->next > 0 && may_overlap(p->steps[p->next - 1].what);
    auto room = free && crowd ? s.with.writes_at_once : 1;
    if (p->under_way >= room)
      return;
    auto& what = p->steps[p->next++];
    auto request = request_of(what.what);
    if (!request) {
      for (const auto& e : what.said)
        record(self, e);
      continue;
    }
    ++p->under_way;
    self->ask(s.with.api, client::call{signed_by(self, std::move(*request))}, client::call_deadline)
      .then([self, p, &what](const result<client::called>& r) { answered(self, p, what, r); });
  }
  if (p->under_way == 0)
    finish(self, p);
}

/// Writes with what follows them; an `again` becomes a time right away.
std::vector<step> steps_of(pointer self, const std::string& key, actions plan) {
  std::vector<step> out;
  for (auto& a : plan) {
    if (auto* later = std::get_if<again>(&a)) {
      self->state.queue.add_at(key, self->now() + later->after);
    } else if (auto* e = std::get_if<emit>(&a)) {
      if (out.empty())
        out.push_back({.what = again{}, .said = {}}); // said on its own
      out.back().said.push_back(std::move(*e));
    } else {
      out.push_back({.what = std::move(a), .said = {}});
    }
  }
  return out;
}

void perform(pointer self, const std::string& key, actions plan) {
  auto& s = self->state;
  auto p = std::make_shared<performance>();
  p->key = key;
  p->steps = steps_of(self, key, std::move(plan));
  if (p->steps.empty()) {
    s.trouble.erase(key);
    s.queue.done(key);
    return;
  }
  ++s.performing;
  s.awaited.performing(key, self->now());
  go_on(self, p);
}

// -- counting again after a change of leaders ------------------------------------

bool all_known(const cache& known, const resource& of, const std::string& ns,
               const api::response& listed) {
  auto list = nlohmann::json::parse(listed.body ? *listed.body : "{}", nullptr, false);
  if (!list.is_object() || !list.contains("items"))
    return false;
  for (const auto& item : list["items"]) {
    auto name = item["metadata"].value("name", "");
    auto o = known.get(of, ns, name);
    if (!o || o->meta.uid != item["metadata"].value("uid", ""))
      return false;
  }
  return true;
}

/// True: the key has to wait for the answer.
bool must_count(pointer self, const std::string& key, const actions& plan) {
  auto& s = self->state;
  bool creates = std::any_of(plan.begin(), plan.end(),
                             [](const auto& a) { return std::holds_alternative<create>(a); });
  if (!creates || !s.with.what.counts || s.confirmed.contains(key))
    return false;
  auto which = s.with.what.counts(s.known, key);
  if (!which)
    return false;
  api::request r;
  r.verb = api::verb::list;
  r.group = which->of.group;
  r.version = which->of.version;
  r.resource = which->of.plural;
  r.ns = which->ns;
  r.options.label_selector = which->selector;
  r.answer.transform = api::wanted::transform::partial_metadata_list;
  ++s.performing;
  self->ask(s.with.api, client::call{signed_by(self, std::move(r))}, client::call_deadline)
    .then([self, key, which](const result<client::called>& answer) {
      auto& h = self->state;
      --h.performing;
      if (answer && !failure_of(answer->answer)
          && all_known(h.known, which->of, which->ns, answer->answer)) {
        h.confirmed.insert(key);
        h.queue.done(key);
        h.queue.add(key);
      } else {
        h.queue.done(key);
        h.queue.add_at(key, self->now() + when_behind);
      }
      pump(self);
    });
  return true;
}

// -- questions ------------------------------------------------------------------

void ask_about(pointer self, registration::question q) {
  api::request r;
  r.group = q.of.group;
  r.version = q.of.version;
  r.resource = q.of.plural;
  r.ns = q.ns;
  r.name = q.name;
  r.answer.transform = api::wanted::transform::partial_metadata;
  self
    ->ask(self->state.with.api, client::call{signed_by(self, std::move(r))}, client::call_deadline)
    .then([self, q = std::move(q)](const result<client::called>& answer) {
      auto& s = self->state;
      auto failed = answer ? failure_of(answer->answer) : std::optional{answer.error()};
      if (failed && failed->reason != reason::not_found) {
        s.open_questions.push_back(q); // asked again at the next look
        return;
      }
      bool there = false;
      if (!failed && answer->answer.body) {
        auto tree = nlohmann::json::parse(*answer->answer.body, nullptr, false);
        there = tree.is_object() && tree["metadata"].value("uid", "") == q.uid;
      }
      keys due;
      s.with.what.answered(q, there, due);
      for (const auto& key : due)
        s.queue.add(key);
      pump(self);
    });
}

void ask_questions(pointer self) {
  auto& s = self->state;
  if (!s.with.what.questions || !s.known.complete())
    return;
  auto all = std::exchange(s.open_questions, {});
  auto more = s.with.what.questions();
  all.insert(all.end(), more.begin(), more.end());
  for (auto& q : all)
    ask_about(self, std::move(q));
}

// -- planning -------------------------------------------------------------------

void pump(pointer self) {
  auto& s = self->state;
  auto now = self->now();
  while (s.known.complete() && s.performing < s.with.at_once && self->fence()) {
    auto key = s.queue.next(now);
    if (!key)
      break;
    if (!s.awaited.settled(*key, now)) {
      s.queue.park(*key);
      continue;
    }
    auto trouble = s.trouble.find(*key);
    auto plan = s.with.what.plan(
      s.known, *key,
      {.now = now,
       .seed = s.random(),
       .trouble = trouble == s.trouble.end() ? std::nullopt : std::optional{trouble->second}});
    if (!must_count(self, *key, plan))
      perform(self, *key, std::move(plan));
  }
  arm(self);
}

void learn(pointer self, const client::informed::news& news) {
  auto& s = self->state;
  auto of = std::find_if(s.with.what.reads.begin(), s.with.what.reads.end(), [&](const auto& r) {
    return r.group == news.group && r.plural == news.resource;
  });
  if (of == s.with.what.reads.end())
    return;
  keys concerned;
  auto tell = [&](const resource& r, const api::object_ptr& now, const api::object_ptr& before) {
    s.with.what.concerns(s.known, r, now, before, concerned);
  };
  if (news.whole) {
    std::vector<api::object_ptr> all;
    for (const auto& e : news.events)
      all.push_back(e.of);
    s.known.whole(*of, all, tell);
  } else {
    for (const auto& e : news.events)
      if (e.what == api::event::kind::deleted)
        s.known.gone(*of, e.of->meta.ns, e.of->meta.name, tell);
      else
        s.known.put(*of, e.of, tell);
  }
  s.told[*of] = news.upto;
  s.awaited.seen(*of, news.upto);
  for (const auto& key : concerned)
    s.queue.add(key);
  s.queue.unpark();
  pump(self);
}

void subscribe(pointer self) {
  auto& s = self->state;
  s.subscribed = self->now();
  for (const auto& r : s.with.what.reads)
    if (auto from = s.with.informers.find(r); from != s.with.informers.end())
      self->tell(from->second, client::inform{self, s.told[r]});
}

void look(pointer self) {
  auto& s = self->state;
  auto now = self->now();
  if (now - s.subscribed >= client::inform_every)
    subscribe(self);
  if (s.with.what.tick && s.known.complete() && now - s.ticked >= s.with.what.every) {
    s.ticked = now;
    keys due;
    s.with.what.tick(s.known, now, due);
    for (const auto& key : due)
      s.queue.add(key);
  }
  ask_questions(self);
  s.queue.unpark();
  pump(self);
}

reconciler_actor::behavior_type behave(pointer self, reconciler_settings with) {
  auto& s = self->state;
  s.random = self->process().random("controllers/" + with.what.name);
  s.known = cache{with.what.reads};
  s.with = std::move(with);
  subscribe(self);
  arm(self);
  return {
    [self](const client::informed& m) { learn(self, *m.what); },
    [self](const look_again&) {
      self->state.armed.reset();
      look(self);
    },
  };
}

} // namespace

reconciler_actor spawn_reconciler(const kernel::place& at, reconciler_settings with) {
  return kernel::spawn<reconciler_actor, reconciler_state>(at, behave, std::move(with));
}

} // namespace troupe::control
