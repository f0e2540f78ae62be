// Transactions: straight to etcd, answered once the mirror contains them.
#include "actors/storage/etcd/host.hpp"

#include <algorithm>

namespace troupe::storage {
namespace {

constexpr duration commit_deadline = 10s;
constexpr duration outcome_wait = 5s;
constexpr duration stuck = 1500ms;

failure unknown(const std::string& why) {
  return {.reason = reason::timeout, .message = "the write's outcome is unknown: " + why};
}

bool serve(etcd_ptr self, waiting_outcome& w) {
  auto& s = self->state;
  if (!s.mirror || s.mirror->at() < w.contains)
    return false;
  w.to.answer(transacted{w.what, s.mirror->current()});
  return true;
}

void take_commit(etcd_ptr self, std::uint64_t number, const store::transaction& what,
                 const result<etcd::committed>& r) {
  auto& s = self->state;
  auto write = s.writes.extract(number);
  if (!r) {
    auto why = r.error();
    if (why.reason == reason::unavailable)
      why.retry_after_seconds = 1;
    return write.mapped().answer(why.reason == reason::timeout ? unknown(why.message) : why);
  }
  s.heard = steady(self);
  auto done = etcd::conclude(what, *r);
  waiting_outcome w{.to = std::move(write.mapped()),
                    .what = done.what,
                    .contains = done.contains,
                    .since = steady(self)};
  if (!serve(self, w))
    s.outcomes.push_back(std::move(w));
}

} // namespace

etcd_host::~etcd_host() {
  for (auto& [number, to] : writes)
    to.answer(unknown("the master ended"));
  for (auto& w : outcomes)
    w.to.answer(unknown("the master ended"));
}

kernel::reply<transacted> take_write(etcd_ptr self, const transact& m) {
  auto& s = self->state;
  if (!s.mirror)
    return kernel::answer(failure{.reason = reason::unavailable,
                                  .message = "the store is being read from etcd",
                                  .causes = {},
                                  .retry_after_seconds = 1});
  if (s.writes.size() + s.outcomes.size() >= s.with.settings.max_waiting)
    return kernel::answer(failure{.reason = reason::too_many_requests,
                                  .message = "too many writes are under way",
                                  .causes = {},
                                  .retry_after_seconds = 1});
  if (m.what.fence && m.what.fence != s.election.term())
    return transacted{{.what = store::outcome::status::stale_term,
                       .first = {},
                       .last = s.mirror->at(),
                       .failed = 0},
                      s.mirror->current()};
  auto what = m.what;
  etcd::drop_unchanged(what, *s.mirror->current());
  auto order = etcd::to_txn(s.keys, what, s.keys.election(s.election.lease_id()), s.with.keys);
  if (!order)
    return kernel::answer(std::move(order).error());
  auto to = self->promise<transacted>();
  auto number = s.next_write++;
  s.writes.emplace(number, to);
  s.with.cluster->commit(
    std::move(*order), commit_deadline,
    in_actor<etcd::committed>(
      self, [number, what = std::move(what)](etcd_ptr me, const result<etcd::committed>& r) {
        take_commit(me, number, what, r);
      }));
  return to;
}

void serve_outcomes(etcd_ptr self) {
  auto& s = self->state;
  auto now = steady(self);
  bool late = false;
  std::erase_if(s.outcomes, [&](waiting_outcome& w) {
    if (serve(self, w))
      return true;
    if (now - w.since >= outcome_wait) {
      w.to.answer(unknown("it was applied in etcd and has not come back from there"));
      return true;
    }
    late |= now - w.since >= stuck;
    return false;
  });
  if (late && now - s.stream_since >= stuck)
    watch_again(self);
}

} // namespace troupe::storage
