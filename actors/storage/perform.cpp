// The core's orders, in the order of their duty (store/raft/README.md).
#include "actors/kernel/pool.hpp"
#include "actors/storage/host.hpp"
#include "store/raft/wire.hpp"

namespace troupe::storage {
namespace {

void load(host_ptr self, const raft::load_entries& what) {
  auto log = self->state.with.store.log;
  kernel::run(
    *self, *self->state.with.reader,
    [log, what] { return log->load(what.from, what.to, what.max_bytes); }, 10s)
    .then([self, what](result<std::vector<raft::entry>> entries) {
      if (!entries && entries.error().reason == reason::internal) // damage: never served
        return self->fail(std::move(entries).error());
      step(self, raft::entries_loaded{what.from,
                                      entries ? std::move(*entries) : std::vector<raft::entry>{}});
    });
}

void note_leadership(host_ptr self, const raft::leadership& now) {
  auto& s = self->state;
  bool lost =
    s.scope_told && (now.role != raft::role_name::leader || now.term != s.leadership.term);
  s.leadership = now;
  if (lost) {
    s.scope_told = false;
    self->tell(s.with.scope, kernel::following{});
  }
  if (now.role == raft::role_name::leader)
    s.leads_since = steady(self);
  self->tell(s.with.hub, leader_changed{});
  tell_scope(self);
}

void perform(host_ptr self, raft::effects todo) {
  if (todo.leadership) // first of all: nobody acts in a term that is over
    note_leadership(self, *todo.leadership);
  send(self, todo.send_now);
  if (todo.writes() || todo.cut_head || !todo.send_after_sync.empty())
    order_write(self, {.id = todo.write,
                       .batch = {todo.save_ballot, todo.reset_log, std::move(todo.append)},
                       .after = std::move(todo.send_after_sync),
                       .cut = todo.cut_head});
  if (!todo.apply.empty())
    apply(self, std::move(todo.apply));
  for (const auto& a : todo.answers)
    answer_proposal(self, a);
  if (todo.leadership)
    settle_members(self);
  for (const auto& r : todo.reads)
    answer_read(self, r);
  for (const auto& l : todo.load)
    load(self, l);
  for (const auto& o : todo.snapshots)
    perform_snapshot(self, o);
}

} // namespace

void step(host_ptr self, raft::event e) {
  auto& s = self->state;
  s.events.push_back(std::move(e));
  if (s.stepping)
    return;
  s.stepping = true;
  while (!s.events.empty()) {
    auto next = std::move(s.events.front());
    s.events.pop_front();
    perform(self, s.core->step(next));
    if (s.core->members() != s.members)
      note_members(self);
  }
  s.stepping = false;
}

void note_members(host_ptr self) {
  auto& s = self->state;
  s.members = s.core->members();
  for (const auto& m : s.members.members)
    if (m.id != s.with.settings.raft.self)
      peer_of(self, m.id); // dials
  if (s.with.members)
    s.with.members(s.members, s.core->members_index());
}

peer_actor peer_of(host_ptr self, member_id who) {
  auto& s = self->state;
  const auto* member = s.core->members().find(who);
  auto known = s.peers.find(who);
  if (!member)
    return known == s.peers.end() ? peer_actor{} : known->second.handle; // one that is leaving
  if (known == s.peers.end() || known->second.address != member->address)
    known =
      s.peers.insert_or_assign(who, known_peer{member->address, s.with.peer(who, member->address)})
        .first;
  return known->second.handle;
}

void send(host_ptr self, const std::vector<raft::letter>& letters) {
  for (const auto& l : letters) {
    auto to = peer_of(self, l.to);
    if (raft::is_bulk(l))
      self->tell(to, bulk_letter_sent{raft::encode(l), self->state.with.store.group});
    else
      self->tell(to, letter_sent{raft::encode(l), self->state.with.store.group});
  }
}

void schedule_flush(host_ptr self) {
  if (self->state.flush_scheduled)
    return;
  self->state.flush_scheduled = true;
  self->tell(caf::actor_cast<replica_interface>(&self->scheduled()), flush_queues{});
}

} // namespace troupe::storage
