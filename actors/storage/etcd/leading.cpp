// Leading: the election's orders, the scope, and what the leader does for all: compaction.
#include "actors/storage/etcd/host.hpp"

#include <charconv>

namespace troupe::storage {
namespace {

constexpr duration lease_deadline = 2s;
constexpr duration compact_deadline = 10s;
constexpr duration upkeep_every = 1s;
constexpr duration leave_within = 1s;

using kind = etcd::election::order::kind;

void grant(etcd_ptr self) {
  auto asked = steady(self);
  self->state.with.cluster->grant(
    self->state.with.settings.lease, lease_deadline,
    in_actor<etcd::lease>(self, [asked](etcd_ptr me, const result<etcd::lease>& r) {
      perform(me, me->state.election.granted(r, asked, steady(me)));
    }));
}

void campaign(etcd_ptr self, std::int64_t lease) {
  auto& s = self->state;
  auto key = s.keys.election(lease);
  etcd::txn order;
  order.when.push_back(
    {.key = key, .of = etcd::compare::field::created, .how = etcd::compare::test::equal, .to = {}});
  order.then.push_back(
    {.what = etcd::order::kind::put, .key = key, .value = s.with.settings.name, .lease = lease});
  s.with.cluster->commit(
    std::move(order), lease_deadline,
    in_actor<etcd::committed>(self, [lease](etcd_ptr me, const result<etcd::committed>& r) {
      perform(me, me->state.election.campaigned(lease, r && r->done, steady(me)));
    }));
}

void keep(etcd_ptr self, std::int64_t lease) {
  auto asked = steady(self);
  self->state.with.cluster->keep_alive(
    lease, self->state.with.settings.lease / 4,
    in_actor<etcd::lease>(self, [lease, asked](etcd_ptr me, const result<etcd::lease>& r) {
      if (r)
        me->state.heard = steady(me);
      perform(me, me->state.election.kept(lease, r, asked, steady(me)));
    }));
}

void settle_leaving(etcd_ptr self) {
  auto& s = self->state;
  bool done = s.gave_back && s.writes.empty() && s.outcomes.empty();
  if (!s.leaving || (!done && steady(self) < s.leaving_until))
    return;
  auto to = *s.leaving;
  s.leaving.reset();
  to.answer(handed_over{true});
}

void revoke(etcd_ptr self, std::int64_t lease) {
  self->state.with.cluster->revoke(
    lease, lease_deadline,
    in_actor<etcd::written>(self, [](etcd_ptr me, const result<etcd::written>&) {
      me->state.gave_back = true; // the others are told by etcd
      settle_leaving(me);
    }));
}

void follow_again(etcd_ptr self) {
  auto& s = self->state;
  s.compaction.reset();
  if (std::exchange(s.scope_told, false))
    self->tell(s.with.scope, kernel::following{});
  self->tell(s.with.hub, leader_changed{});
}

/// What was compacted is written down for the other masters, whose watches of old are then gone.
void note_compacted(etcd_ptr self, revision at) {
  auto& s = self->state;
  etcd::txn order;
  order.then.push_back({.what = etcd::order::kind::put,
                        .key = s.keys.compacted(),
                        .value = to_string(at),
                        .lease = 0});
  s.with.cluster->commit(
    std::move(order), compact_deadline,
    in_actor<etcd::committed>(
      self, [](etcd_ptr me, const result<etcd::committed>&) { me->state.compacting = false; }));
}

void compact(etcd_ptr self) {
  auto& s = self->state;
  if (!s.scope_told || !s.with.settings.compacts || s.compacting)
    return;
  if (!s.compaction)
    s.compaction.emplace(s.with.settings.compact_after);
  auto due = s.compaction->note(s.mirror->at(), steady(self));
  if (!due)
    return;
  s.compacting = true;
  s.with.cluster->compact(
    *due, compact_deadline,
    in_actor<etcd::written>(self, [at = *due](etcd_ptr me, const result<etcd::written>& r) {
      if (r || r.error().reason == reason::expired)
        return note_compacted(me, at);
      me->state.compacting = false; // the next mark tries again
    }));
}

} // namespace

void perform(etcd_ptr self, const etcd::election::orders& orders) {
  for (const auto& o : orders)
    switch (o.what) {
    case kind::grant: grant(self); break;
    case kind::campaign: campaign(self, o.lease); break;
    case kind::keep: keep(self, o.lease); break;
    case kind::revoke: revoke(self, o.lease); break;
    case kind::lead:
      self->state.scope_told = true;
      self->tell(self->state.with.scope, kernel::leading{o.term});
      self->tell(self->state.with.hub, leader_changed{});
      break;
    case kind::follow: follow_again(self); break;
    }
}

void look_at_candidates(etcd_ptr self) {
  auto& s = self->state;
  perform(self, s.election.seen(s.mirror->candidates(), s.keys.election(s.election.lease_id()),
                                steady(self)));
}

void end_former_life(etcd_ptr self) {
  auto& s = self->state;
  for (const auto& [created, who] : s.mirror->candidates()) {
    auto text = s.keys.parse(who.key).name;
    std::uint64_t id = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id, 16);
    if (who.name == s.with.settings.name && error == std::errc{}
        && end == text.data() + text.size())
      revoke(self, static_cast<std::int64_t>(id));
  }
}

leadership leadership_now(etcd_ptr self) {
  const auto& s = self->state;
  if (!is_fed(self) || s.mirror->candidates().empty())
    return {};
  const auto& [created, first] = *s.mirror->candidates().begin();
  return {.term = term_id{raw(created)},
          .leader = member_of(first.name),
          .leader_name = first.name,
          .here = s.scope_told};
}

void keep_leading(etcd_ptr self) {
  auto& s = self->state;
  if (s.mirror)
    perform(self, s.election.tick(steady(self)));
  settle_leaving(self);
  if (!s.mirror || steady(self) < s.next_upkeep)
    return;
  s.next_upkeep = steady(self) + upkeep_every;
  compact(self);
}

kernel::reply<handed_over> take_hand_over(etcd_ptr self) {
  auto& s = self->state;
  auto to = self->promise<handed_over>();
  s.leaving = to;
  s.leaving_until = steady(self) + leave_within;
  auto orders = s.election.leave();
  s.gave_back = orders.empty(); // else etcd says so
  perform(self, orders);
  settle_leaving(self);
  return to;
}

} // namespace troupe::storage
