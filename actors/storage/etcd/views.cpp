// Views: of now, of at least a revision, linearizable, of the past.
#include "actors/storage/etcd/host.hpp"

#include <algorithm>

namespace troupe::storage {
namespace {

constexpr duration revision_wait = 3s; // for a revision that has not come here yet
constexpr duration read_wait = 5s;
constexpr duration stuck = 1500ms; // what is in etcd has not come: is the watch still alive?
constexpr std::size_t most_pasts = 4;

failure too_many(const char* what) {
  return {
    .reason = reason::too_many_requests, .message = what, .causes = {}, .retry_after_seconds = 1};
}

failure not_read_yet() {
  return {.reason = reason::unavailable,
          .message = "the store is being read from etcd",
          .causes = {},
          .retry_after_seconds = 1};
}

failure compacted_at(revision at) {
  return {.reason = reason::expired, .message = "revision " + to_string(at) + " is compacted"};
}

void past_is_read(etcd_ptr self, revision at, result<revision> done) {
  auto read = self->state.pasts.extract(at);
  if (read.mapped().trouble)
    done = *read.mapped().trouble;
  if (done)
    self->state.last_past = store::make_view(read.mapped().into.finish(), at);
  for (auto& to : read.mapped().to)
    to.answer(done ? result<viewed>{viewed{self->state.last_past}} : done.error());
}

/// Memory does not reach so far: the whole state of then is read, once for all who ask.
void read_past(etcd_ptr self, revision at, const kernel::promise<viewed>& to) {
  auto& s = self->state;
  if (s.last_past && s.last_past->at() == at)
    return kernel::promise<viewed>{to}.answer(viewed{s.last_past});
  if (auto known = s.pasts.find(at); known != s.pasts.end())
    return known->second.to.push_back(to);
  if (s.pasts.size() >= most_pasts)
    return kernel::promise<viewed>{to}.answer(too_many("too many old states are being read"));
  s.pasts[at].to.push_back(to);
  reading all{.from = s.keys.data(""),
              .to = etcd::end_of_prefix(s.keys.data("")),
              .at = at,
              .page = s.with.settings.page,
              .take = {},
              .done = {}};
  all.take = [at](etcd_ptr me, std::vector<etcd::record>&& page) {
    auto& past = me->state.pasts.at(at);
    for (auto& r : page)
      if (auto known = etcd::to_record(me->state.keys, me->state.with.keys, std::move(r)))
        past.into.add(std::move(*known));
      else
        past.trouble = known.error();
  };
  all.done = [at](etcd_ptr me, result<revision> done) { past_is_read(me, at, std::move(done)); };
  read_pages(self, std::move(all));
}

/// Answers if it can be answered now; false: it has to wait.
bool serve(etcd_ptr self, waiting_etcd_view& w) {
  auto& s = self->state;
  if (!s.mirror || s.mirror->at() < w.at)
    return false;
  if (!w.exact || s.mirror->at() == w.at)
    w.to.answer(viewed{s.mirror->current()});
  else if (w.at < s.mirror->compacted())
    w.to.answer(compacted_at(w.at));
  else if (auto past = s.mirror->past(w.at))
    w.to.answer(viewed{std::move(past)});
  else
    read_past(self, w.at, w.to);
  return true;
}

kernel::reply<viewed> serve_or_wait(etcd_ptr self, revision at, bool exact) {
  auto& s = self->state;
  auto to = self->promise<viewed>();
  auto now = steady(self);
  waiting_etcd_view w{.to = to,
                      .at = at,
                      .exact = exact,
                      .asked = true,
                      .since = now,
                      .deadline = now + revision_wait};
  if (serve(self, w))
    return to;
  if (s.views.size() >= s.with.settings.max_waiting)
    to.answer(too_many("too many reads wait"));
  else
    s.views.push_back(std::move(w));
  return to;
}

void ask_head(etcd_ptr self);

/// Those that asked before the question was sent may be answered from what it found, or later.
void take_head(etcd_ptr self, std::vector<kernel::promise<viewed>>& asked,
               const result<etcd::answer>& r) {
  auto& s = self->state;
  s.asking = false;
  auto now = steady(self);
  for (auto& to : asked) {
    if (!r || r->records.empty()) {
      to.answer(
        failure{.reason = reason::unavailable,
                .message = r ? "etcd holds no store under " + s.keys.prefix() : r.error().message,
                .causes = {},
                .retry_after_seconds = 1});
      continue;
    }
    waiting_etcd_view w{.to = to,
                        .at = r->records.front().modified,
                        .exact = false,
                        .asked = false,
                        .since = now,
                        .deadline = now + read_wait};
    if (!serve(self, w))
      s.views.push_back(std::move(w));
  }
  ask_head(self);
}

/// One question at a time for all that came since the last one.
void ask_head(etcd_ptr self) {
  auto& s = self->state;
  if (s.asking || s.reads.empty())
    return;
  s.asking = true;
  auto asked = std::make_shared<std::vector<kernel::promise<viewed>>>(std::move(s.reads));
  s.reads.clear();
  s.with.cluster->range(
    {.from = s.keys.head(), .to = {}}, read_wait,
    in_actor<etcd::answer>(
      self, [asked](etcd_ptr me, const result<etcd::answer>& r) { take_head(me, *asked, r); }));
}

} // namespace

kernel::reply<viewed> take_view(etcd_ptr self, const get_view& m) {
  auto& s = self->state;
  using how = get_view::freshness;
  if (m.how == how::not_older_than)
    return serve_or_wait(self, m.at, false);
  if (!s.mirror)
    return kernel::answer(not_read_yet());
  if (m.how == how::any)
    return viewed{s.mirror->current()};
  if (s.reads.size() + s.views.size() >= s.with.settings.max_waiting)
    return kernel::answer(too_many("too many reads wait"));
  auto to = self->promise<viewed>();
  s.reads.push_back(to);
  ask_head(self);
  return to;
}

kernel::reply<viewed> take_view_at(etcd_ptr self, const get_view_at& m) {
  return serve_or_wait(self, m.at, true);
}

kernel::reply<history_of> take_history(etcd_ptr self) {
  auto& s = self->state;
  if (!s.mirror)
    return kernel::answer(not_read_yet());
  return history_of{
    std::make_shared<const store::history>(etcd_past(s), s.mirror->compacted(), s.mirror->at())};
}

void serve_views(etcd_ptr self) {
  auto& s = self->state;
  auto now = steady(self);
  bool late = false;
  auto waiting = std::move(s.views); // serving one may add another
  s.views.clear();
  for (auto& w : waiting) {
    if (serve(self, w))
      continue;
    if (now >= w.deadline) {
      w.to.answer(
        failure{.reason = w.asked ? reason::timeout : reason::unavailable,
                .message = "revision " + to_string(w.at) + " has not come here from etcd"});
      continue;
    }
    late |= !w.asked && now - w.since >= stuck;
    s.views.push_back(std::move(w));
  }
  if (late && now - s.stream_since >= stuck)
    watch_again(self);
}

} // namespace troupe::storage
