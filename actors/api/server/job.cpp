#include "actors/api/server/job.hpp"

#include "actors/api/server/access.hpp"
#include "actors/api/server/state.hpp"

#include <memory>

namespace troupe::api_server {
namespace {

constexpr duration again_after = 50ms; // when there is no leader

struct job {
  api::request what;
  std::function<void(settled)> then;
  instant deadline{};
  int attempts = 0;
  bool linearizable = false; // the view at hand was taken so
  bool doubted = false;      // what it was refused for may have changed
  bool admitted = false;
  std::optional<revision> exact;
  api::user connected; // who the connection is; what.from is whom the credentials make of it
};
using job_ptr = std::shared_ptr<job>;

void fetch(pointer self, const job_ptr& j);
void ask_exact(pointer self, const job_ptr& j, revision at);
void fetch_linearizable(pointer self, const job_ptr& j);
void prepare(pointer self, const job_ptr& j, const store::view_ptr& view);

void settle(const job_ptr& j, settled s) {
  auto then = std::move(j->then);
  then(std::move(s));
}

void fail(const job_ptr& j, const failure& why) {
  // who is unknown learns nothing
  settle(j, api::status_of(why, why.reason == reason::unauthorized ? api::request{} : j->what));
}

duration left(pointer self, const job_ptr& j) {
  return std::max<duration>(j->deadline - self->now(), 1ms);
}

/// Nothing was done: try again while there is time (the storage is electing a leader).
void again_or_fail(pointer self, const job_ptr& j, const failure& why,
                   void (*what)(pointer, const job_ptr&)) {
  if (why.reason != reason::unavailable || self->now() + again_after >= j->deadline)
    return fail(j, why);
  self->after(again_after, resume{[self, j, what] { what(self, j); }});
}

/// `wanted` did not come here in time: says also what is here.
void settle_too_new(pointer self, const job_ptr& j, revision wanted) {
  storage::get_view now{.how = storage::get_view::freshness::any, .at = {}};
  self->ask(self->state.with.replica, now, 1s).then([=](result<storage::viewed> v) {
    settle(j, pipeline::too_new(j->what, wanted, v ? v->of->at() : revision{}));
  });
}

void ask_view(pointer self, const job_ptr& j, storage::get_view how,
              void (*again)(pointer, const job_ptr&)) {
  bool linearizable = how.how == storage::get_view::freshness::linearizable;
  auto wanted = how.at;
  self->ask(self->state.with.replica, how, left(self, j)).then([=](result<storage::viewed> v) {
    if (v) {
      j->linearizable = linearizable;
      return prepare(self, j, v->of);
    }
    auto why = v.error();
    if (wanted != revision{} && why.reason == reason::timeout)
      return settle_too_new(self, j, wanted);
    if (why.reason == reason::timeout)
      why.reason = reason::unavailable; // nothing was done but to read
    again_or_fail(self, j, why, again);
  });
}

/// Who asks, and whether they may. False: it was settled, or `again` looks at it in a linearizable
/// view: what allows it may not have come here yet.
bool admit(pointer self, const job_ptr& j, const store::view& view,
           void (*again)(pointer, const job_ptr&)) {
  auto& s = self->state;
  if (j->doubted && j->linearizable)
    s.roles->sync(view);
  auto judge = [&]() -> result<void> {
    OR_RETURN(j->what.from, authenticate(s, j->connected, j->what.shown, self->now(), view));
    return authz::authorize(j->what, view, *s.roles);
  };
  auto may = judge();
  if (!may && j->linearizable && s.roles->at() < view.at()) {
    s.roles->sync(view); // a role may be newer than what the hub has told
    may = judge();
  }
  if (may)
    return j->admitted = true;
  auto nobody = j->what.shown.token.empty() && may.error().reason == reason::unauthorized;
  if (j->linearizable || nobody) {
    fail(j, may.error());
    return false;
  }
  j->doubted = true;
  again(self, j);
  return false;
}

/// Of a request for the past: who may see it is judged by the present.
void admit_first(pointer self, const job_ptr& j) {
  using how = storage::get_view::freshness;
  storage::get_view now{.how = j->doubted ? how::linearizable : how::any, .at = {}};
  self->ask(self->state.with.replica, now, left(self, j)).then([=](result<storage::viewed> v) {
    if (!v)
      return again_or_fail(self, j, v.error(), admit_first);
    j->linearizable = j->doubted;
    if (!admit(self, j, *v->of, admit_first))
      return;
    j->linearizable = false;
    ask_exact(self, j, *j->exact);
  });
}

void ask_exact(pointer self, const job_ptr& j, revision at) {
  j->exact = at;
  if (!j->admitted)
    return admit_first(self, j);
  self->ask(self->state.with.replica, storage::get_view_at{at}, left(self, j))
    .then([=](result<storage::viewed> v) {
      if (v)
        return prepare(self, j, v->of);
      if (v.error().reason == reason::expired)
        return settle(j, pipeline::expired(j->what));
      if (v.error().reason == reason::timeout)
        return settle_too_new(self, j, at);
      again_or_fail(self, j, v.error(), fetch);
    });
}

void fetch(pointer self, const job_ptr& j) {
  using how = storage::get_view::freshness;
  auto fresh = pipeline::freshness_of(j->what);
  if (!fresh)
    return fail(j, fresh.error());
  switch (fresh->what) {
  case pipeline::freshness::kind::any: return ask_view(self, j, {how::any, {}}, fetch);
  case pipeline::freshness::kind::at_least:
    return ask_view(self, j, {how::not_older_than, fresh->at}, fetch);
  case pipeline::freshness::kind::exact: return ask_exact(self, j, fresh->at);
  case pipeline::freshness::kind::linearizable:
    return ask_view(self, j, {how::linearizable, {}}, fetch);
  }
}

void fetch_linearizable(pointer self, const job_ptr& j) {
  ask_view(self, j, {storage::get_view::freshness::linearizable, {}}, fetch_linearizable);
}

/// Whether the predicates hold in a view, as the state machine would decide it.
store::outcome check(const store::transaction& what, const store::view& view) {
  store::outcome out{
    .what = store::outcome::status::applied, .first = {}, .last = view.at(), .failed = 0};
  for (std::size_t i = 0; i < what.when.size(); ++i) {
    const auto& p = what.when[i];
    auto found = view.get(p.key);
    bool holds = p.what == store::predicate::test::absent    ? !found
                 : p.what == store::predicate::test::present ? found != nullptr
                                                             : found && found->modified == p.at;
    if (!holds) {
      out.what = store::outcome::status::predicate_failed;
      out.failed = static_cast<std::uint32_t>(i);
      return out;
    }
  }
  return out;
}

/// The outcome decides: an answer, or the whole thing once more at a newer view.
void conclude(pointer self, const job_ptr& j, const pipeline::write& w, const store::outcome& o,
              const store::view_ptr& after) {
  if (auto answer = w.answer(o))
    return settle(j, std::move(*answer));
  if (++j->attempts >= pipeline::max_attempts)
    return settle(j, pipeline::exhausted(j->what));
  j->linearizable = true; // it contains what just stood in the way
  prepare(self, j, after);
}

void propose(pointer self, const job_ptr& j, pipeline::write w, const store::view_ptr& view) {
  if (w.what.then.empty()) {
    if (j->linearizable)
      return conclude(self, j, w, check(w.what, *view), view);
    return fetch_linearizable(self, j);
  }
  w.what.cause = kernel::trace::current_cause();
  w.what.fence = j->what.fence;
  auto held = std::make_shared<pipeline::write>(std::move(w));
  self->ask(self->state.with.replica, storage::transact{held->what}, left(self, j))
    .then([=](result<storage::transacted> r) {
      if (r)
        return conclude(self, j, *held, r->what, r->after);
      again_or_fail(self, j, r.error(), fetch);
    });
}

void prepare(pointer self, const job_ptr& j, const store::view_ptr& view) {
  auto& s = self->state;
  if (!j->exact && !admit(self, j, *view, fetch_linearizable))
    return;
  if (j->what.verb == api::verb::document) {
    auto identity = identity_document(s.with.tokens, j->what.path);
    return settle(j, identity ? std::move(*identity) : s.with.pages->get(j->what));
  }
  pipeline::environment env{.catalog = s.with.catalog,
                            .now = self->now(),
                            .random = s.random,
                            .set = s.with.set,
                            .admission = s.admission,
                            .server = self->process().name(),
                            .leader_scope = true, // the edges let no fence in
                            .exact = j->exact,
                            .policy = s.roles,
                            .tokens = s.with.tokens};
  auto step = pipeline::prepare(j->what, *view, env);
  if (auto* done = std::get_if<pipeline::finished>(&step)) {
    bool writes = j->what.verb != api::verb::get && j->what.verb != api::verb::list
                  && j->what.verb != api::verb::watch;
    if (done->from_view && writes && !j->linearizable) {
      j->doubted = true;
      return fetch_linearizable(self, j);
    }
    return settle(j, std::move(done->response));
  }
  if (auto* w = std::get_if<pipeline::write>(&step))
    return propose(self, j, std::move(*w), view);
  if (auto* plan = std::get_if<pipeline::watch_plan>(&step))
    return settle(j, opened{std::move(*plan), view});
  ask_exact(self, j, std::get<pipeline::need_view>(step).at);
}

} // namespace

void run_request(pointer self, api::request what, duration budget,
                 std::function<void(settled)> then) {
  auto j = std::make_shared<job>();
  j->what = std::move(what);
  j->connected = j->what.from;
  j->then = std::move(then);
  j->deadline = self->now() + budget;
  fetch(self, j);
}

} // namespace troupe::api_server
