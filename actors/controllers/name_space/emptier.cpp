#include "actors/controllers/name_space/emptier.hpp"

#include "actors/controllers/name_space/plan.hpp"
#include "actors/controllers/shell/requests.hpp"
#include "actors/kernel/actor.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <deque>

namespace troupe::name_space {
namespace {

constexpr duration pause = 1s;
constexpr std::size_t lists_at_once = 8;

/// One namespace in one round: list everything, plan, perform.
struct round {
  std::string name;
  std::deque<control::resource> to_list;
  std::size_t under_way = 0;
  std::vector<content> contents;
  std::vector<std::string> failures;
  std::deque<control::action> to_do;
};
using round_ptr = std::shared_ptr<round>;

struct emptier_state {
  emptier_state() = default;
  emptier_settings with;
  std::map<std::string, api::object_ptr> doomed;
  std::set<std::string> busy;
  std::map<std::string, std::vector<std::string>> failed; // deletions of the round before
  revision told{};
  instant subscribed{};
};
using pointer = kernel::self_ptr<emptier_actor, emptier_state>;

api::request signed_by(pointer self, api::request r) {
  r.from = self->state.with.user;
  r.fence = self->fence();
  return r;
}

void finish(pointer self, const round_ptr& r) { self->state.busy.erase(r->name); }

void perform(pointer self, const round_ptr& r) {
  while (!r->to_do.empty()) {
    auto a = std::move(r->to_do.front());
    r->to_do.pop_front();
    auto request = control::request_of(a);
    if (!request)
      continue;
    auto what = request->resource;
    self
      ->ask(self->state.with.api, client::call{signed_by(self, std::move(*request))},
            client::call_deadline)
      .then([self, r, what](const result<client::called>& answer) {
        auto failed = answer ? control::failure_of(answer->answer) : std::optional{answer.error()};
        if (failed && failed->reason != reason::not_found && failed->reason != reason::conflict)
          self->state.failed[r->name].push_back(what + ": " + failed->message);
        perform(self, r);
      });
    return;
  }
  finish(self, r);
}

void decide(pointer self, const round_ptr& r) {
  auto& s = self->state;
  auto at = s.doomed.find(r->name);
  auto ns = at == s.doomed.end() ? result<views::name_space>{failure{}}
                                 : views::name_space::from(*at->second);
  if (!ns)
    return finish(self, r);
  auto said = std::exchange(s.failed[r->name], {});
  r->failures.insert(r->failures.end(), said.begin(), said.end());
  auto orders = plan({.now = self->now(),
                      .ns = std::move(*ns),
                      .contents = std::move(r->contents),
                      .failures = std::move(r->failures)});
  r->to_do.assign(orders.begin(), orders.end());
  perform(self, r);
}

/// Adds what one list shows; false: it is not a list.
bool count(const control::resource& of, const api::response& listed, std::vector<content>& to) {
  auto list = nlohmann::json::parse(listed.body ? *listed.body : "", nullptr, false);
  if (!list.is_object() || !list.contains("items"))
    return false;
  content c{.of = of};
  for (const auto& item : list["items"]) {
    const auto& meta = item["metadata"];
    ++c.objects;
    c.untouched += meta.contains("deletionTimestamp") ? 0 : 1;
    for (const auto& f : meta.value("finalizers", nlohmann::json::array()))
      ++c.finalizers[f.get<std::string>()];
  }
  if (c.objects > 0)
    to.push_back(std::move(c));
  return true;
}

void list_on(pointer self, const round_ptr& r) {
  while (r->under_way < lists_at_once && !r->to_list.empty()) {
    auto of = r->to_list.front();
    r->to_list.pop_front();
    ++r->under_way;
    api::request what;
    what.verb = api::verb::list;
    what.group = of.group;
    what.version = of.version;
    what.resource = of.plural;
    what.ns = r->name;
    what.answer.transform = api::wanted::transform::partial_metadata_list;
    self
      ->ask(self->state.with.api, client::call{signed_by(self, std::move(what))},
            client::call_deadline)
      .then([self, r, of](const result<client::called>& answer) {
        --r->under_way;
        auto failed = answer ? control::failure_of(answer->answer) : std::optional{answer.error()};
        if (failed || !count(of, answer->answer, r->contents))
          r->failures.push_back("listing " + of.plural + ": "
                                + (failed ? failed->message : std::string{"not a list"}));
        if (r->to_list.empty() && r->under_way == 0)
          decide(self, r);
        else
          list_on(self, r);
      });
  }
}

std::deque<control::resource> namespaced(const schema::catalog& catalog) {
  constexpr auto needed = schema::verb_list | schema::verb_delete;
  std::deque<control::resource> out;
  for (const auto* r : catalog.resources()) {
    bool seen = std::any_of(out.begin(), out.end(), [&](const auto& o) {
      return o.group == r->group && o.plural == r->plural;
    });
    if (r->namespaced && !seen && (r->verbs & needed) == needed)
      out.push_back({std::string{r->group}, std::string{r->version}, std::string{r->plural}});
  }
  return out;
}

void start(pointer self, const std::string& name) {
  auto& s = self->state;
  if (!self->fence() || !s.busy.insert(name).second)
    return;
  auto r = std::make_shared<round>();
  r->name = name;
  r->to_list = namespaced(*s.with.catalog());
  list_on(self, r);
}

void learn(pointer self, const client::informed::news& news) {
  auto& s = self->state;
  s.told = news.upto;
  if (news.whole)
    s.doomed.clear();
  for (const auto& e : news.events) {
    const auto& name = e.of->meta.name;
    if (e.what == api::event::kind::deleted || !e.of->meta.deleted) {
      s.doomed.erase(name);
      s.failed.erase(name);
      continue;
    }
    bool fresh = !s.doomed.contains(name);
    s.doomed[name] = e.of;
    if (fresh)
      start(self, name);
  }
}

void subscribe(pointer self) {
  auto& s = self->state;
  s.subscribed = self->now();
  self->tell(s.with.namespaces, client::inform{self, s.told});
}

emptier_actor::behavior_type behave(pointer self, emptier_settings with) {
  self->state.with = std::move(with);
  subscribe(self);
  self->after(pause, go_on{});
  return {
    [self](const client::informed& m) { learn(self, *m.what); },
    [self](const go_on&) {
      self->after(pause, go_on{});
      if (self->now() - self->state.subscribed >= client::inform_every)
        subscribe(self);
      for (const auto& [name, o] : self->state.doomed)
        start(self, name);
    },
  };
}

} // namespace

emptier_actor spawn_emptier(const kernel::place& at, emptier_settings with) {
  return kernel::spawn<emptier_actor, emptier_state>(at, behave, std::move(with));
}

} // namespace troupe::name_space
