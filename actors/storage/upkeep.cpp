// What a replica does now and then: flush, cut the log, compact, take in learners, try again.
#include "actors/kernel/pool.hpp"
#include "actors/storage/host.hpp"
#include "store/machine/command.hpp"

namespace troupe::storage {
namespace {

constexpr duration upkeep_every = 1s;
constexpr duration flush_deadline = 5min;
constexpr duration promote_every = 500ms;
constexpr std::size_t sweep_rows = 2000; // per tick
constexpr std::size_t reseal_rows = 500; // per tick

/// The log below what the engine holds durably is not needed any more.
void flush(host_ptr self) {
  auto& s = self->state;
  if (s.flushing || s.installing || s.applied - s.flushed < s.with.settings.flush_entries)
    return;
  s.flushing = true;
  auto engine = s.with.store.engine;
  kernel::run(
    *self, *s.with.reader,
    [engine]() -> result<log_index> {
      CHECK_RETURN(engine->flush());
      return engine->durable_applied();
    },
    flush_deadline)
    .then([self](const result<log_index>& durable) {
      self->state.flushing = false;
      if (!durable)
        return;
      self->state.flushed = *durable;
      step(self, raft::compact{*durable});
    });
}

void compact(host_ptr self) {
  auto& s = self->state;
  if (!s.scope_told) {
    s.compaction = store::compaction_schedule{s.with.settings.compact_after};
    return;
  }
  if (auto due = s.compaction.note(s.current->at(), steady(self)))
    propose_command(
      self, store::encode(store::command{store::compact_history{*due}}, agreed_version(self)));
}

/// Learners become voters when they have caught up, and are there: a majority counts on them.
void promote(host_ptr self) {
  auto& s = self->state;
  if (!s.scope_told || steady(self) - s.last_promote < promote_every)
    return;
  s.last_promote = steady(self);
  for (const auto& m : s.core->members().members)
    if (m.role == raft::member_role::learner && is_heard(self, m.id))
      return step(self, raft::change_membership{raft::ticket{0}, raft::promote{m.id}});
}

void sweep(host_ptr self) {
  auto& s = self->state;
  if (s.installing || !s.sweeping)
    return;
  auto more = s.with.store.state->sweep(sweep_rows);
  s.sweeping = more && *more;
}

/// What is sealed with another key than is written today, or should be and is not, is written anew
/// by each leader once: so keys rotate.
void reseal(host_ptr self) {
  auto& s = self->state;
  if (!s.scope_told) {
    s.resealing = true;
    s.resealed.clear();
    return;
  }
  if (!s.resealing || s.installing || s.read_only)
    return;
  for (const auto& write : s.with.store.state->stale_seals(s.resealed, reseal_rows))
    propose_command(self, store::encode(write, agreed_version(self)));
  s.resealing = !s.resealed.empty();
}

} // namespace

void keep_up(host_ptr self) {
  auto& s = self->state;
  if (!s.unapplied.empty())
    apply(self, {});
  if (!s.writing && !s.orders.empty())
    order_write(self, {}); // the disk was full: try again
  serve_views(self);
  promote(self);
  sweep(self);
  reseal(self);
  if (steady(self) < s.next_upkeep)
    return;
  s.next_upkeep = steady(self) + upkeep_every;
  s.sweeping = true;
  flush(self);
  compact(self);
  announce(self);
}

} // namespace troupe::storage
