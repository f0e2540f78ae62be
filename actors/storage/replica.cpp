#include "actors/storage/replica.hpp"

#include "actors/storage/host.hpp"
#include "store/machine/command.hpp"
#include "store/raft/wire.hpp"

namespace troupe::storage {
namespace {

/// One that joins has a leader's letter before it has a list of members: it answers over the link
/// that brought it.
void meet(host_ptr self, member_id who) {
  auto& s = self->state;
  auto from = kernel::current_peer(*self);
  if (!from || member_of(from->name) != who || s.peers.contains(who))
    return;
  auto address = from->name + "=";
  s.peers.emplace(who, known_peer{address, s.with.peer(who, address)});
}

void take_letter(host_ptr self, const std::string& bytes) {
  auto l = raft::decode(bytes);
  if (!l || l->to != self->state.with.settings.raft.self)
    return;
  if (self->state.core->members().find(l->from))
    self->state.heard[l->from] = steady(self);
  else
    meet(self, l->from);
  step(self, raft::received{std::move(*l)});
}

kernel::reply<transacted> take_write(host_ptr self, const transact& m) {
  auto& s = self->state;
  if (s.under_way >= s.with.settings.max_waiting)
    return kernel::answer(failure{.reason = reason::too_many_requests,
                                  .message = "too many writes are under way",
                                  .causes = {},
                                  .retry_after_seconds = 1});
  auto to = self->promise<transacted>();
  ++s.under_way;
  s.writes.push_back({store::encode(m.what), to});
  schedule_flush(self);
  return to;
}

kernel::reply<proposed> take_proposal(host_ptr self, const propose& m) {
  auto& s = self->state;
  if (m.commands.empty() || s.leadership.role != raft::role_name::leader)
    return proposed{};
  auto to = self->promise<proposed>();
  s.of_peers.push_back({m.commands, to});
  schedule_flush(self);
  return to;
}

void connection_lost(host_ptr self, const std::string& peer) {
  self->state.heard.erase(member_of(peer));
  self->state.departing.erase(member_of(peer));
  step(self, raft::connection_reset{member_of(peer)});
}

leadership leadership_now(host_ptr self) {
  const auto& s = self->state;
  leadership out{.term = s.leadership.term,
                 .leader = s.leadership.leader,
                 .leader_name = {},
                 .here = s.scope_told};
  if (const auto* m = s.core->members().find(out.leader))
    out.leader_name = name_of(m->address);
  return out;
}

void start(host_ptr self, replica_dependencies with) {
  auto& s = self->state;
  s.with = std::move(with);
  auto& from = s.with.store.recovered;
  s.applied = s.flushed = s.with.store.state->facts().applied;
  s.current = s.with.store.state->current();
  s.compaction = store::compaction_schedule{s.with.settings.compact_after};
  s.core = std::make_unique<raft::core>(s.with.settings.raft, std::move(from));
  self->tell(s.with.hub,
             replaced{s.with.store.state->facts().last, s.with.store.state->facts().compacted});
  note_members(self);
  const auto& members = s.core->members().members;
  if (members.size() == 1 && members.front().id == s.with.settings.raft.self)
    step(self, raft::campaign{});
  self->after(s.with.settings.tick, tick{});
}

replica_interface::behavior_type behave(host_ptr self, replica_dependencies with) {
  start(self, std::move(with));
  return {
    [self](const transact& m) { return take_write(self, m); },
    [self](const get_view& m) { return take_view(self, m); },
    [self](const get_view_at& m) { return take_view_at(self, m); },
    [self](const get_history&) -> kernel::reply<history_of> {
      if (self->state.installing)
        return kernel::answer(
          failure{.reason = reason::unavailable, .message = "a snapshot is being installed"});
      return history_of{
        std::make_shared<const store::history>(self->state.with.store.state->past())};
    },
    [self](const get_leadership&) -> kernel::reply<leadership> { return leadership_now(self); },
    [self](const letter_sent& m) { take_letter(self, m.bytes); },
    [self](const bulk_letter_sent& m) { take_letter(self, m.bytes); },
    [self](const propose& m) { return take_proposal(self, m); },
    [self](const ask_to_join& m) { return take_join(self, m); },
    [self](const list_members& m) { return take_list(self, m); },
    [self](const remove_member& m) { return take_removal(self, m); },
    [self](const ask_whether_member& m) { return take_question(self, m); },
    [self](const hand_over&) { return take_hand_over(self); },
    [self](const leader_leaves& m) { return note_departure(self, m); },
    [self](const kernel::link_up& m) { self->state.departing.erase(member_of(m.peer.name)); },
    [self](const kernel::link_down& m) { connection_lost(self, m.peer.name); },
    [self](const tick&) {
      self->after(self->state.with.settings.tick, tick{});
      step(self, raft::tick{});
      keep_up(self);
      keep_members(self);
    },
    [self](const flush_queues&) {
      self->state.flush_scheduled = false;
      propose_waiting(self);
      ask_reads(self);
    },
  };
}

} // namespace

replica_handles spawn_replica(const kernel::place& at, replica_dependencies with) {
  auto spawned = kernel::spawn<replica_interface, replica_host>(at.with_mailbox(65'536), behave,
                                                                std::move(with));
  return {.local = spawned, .peers = spawned, .links = spawned, .leaving = spawned};
}

member_id member_of(std::string_view name) {
  std::uint64_t h = 14695981039346656037U; // FNV-1a
  for (unsigned char c : name)
    h = (h ^ c) * 1099511628211U;
  return member_id{h == 0 ? 1 : h};
}

std::string name_of(std::string_view member_address) {
  return std::string{member_address.substr(0, member_address.find('='))};
}

} // namespace troupe::storage
