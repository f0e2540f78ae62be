#include "actors/storage/replica.hpp"

#include "actors/kernel/pool.hpp"
#include "actors/storage/host.hpp"
#include "actors/storage/identity.hpp"
#include "store/machine/command.hpp"
#include "store/raft/wire.hpp"

#include <algorithm>

namespace troupe::storage {
namespace {

constexpr duration identity_deadline = 30s;

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

/// One that joins a cluster which was restored or recovered belongs to that from its first letter
/// on; it is heard from when that is written down.
void enter_group(host_ptr self, std::uint64_t group) {
  auto& s = self->state;
  bool fresh = s.core->members().members.empty() && s.applied == log_index{};
  if (!fresh || s.with.store.group != 0 || s.entering)
    return;
  s.entering = true;
  kernel::run(
    *self, *s.with.reader,
    [files = s.with.store.files, directory = s.with.store.directory, group] {
      return save_identity(*files, directory, {.group = group});
    },
    identity_deadline)
    .then([self, group](const result<void>& saved) {
      self->state.entering = false;
      if (saved)
        self->state.with.store.group = group;
    });
}

void take_letter(host_ptr self, const std::string& bytes, std::uint64_t group) {
  if (group != self->state.with.store.group)
    return enter_group(self, group);
  auto l = raft::decode(bytes);
  if (!l || l->to != self->state.with.settings.raft.self)
    return;
  if (self->state.core->members().find(l->from))
    self->state.heard[l->from] = steady(self);
  else
    meet(self, l->from);
  step(self, raft::received{std::move(*l)});
}

/// With what has to be sealed sealed: nothing leaves this process in the clear.
std::string encoded(const store::transaction& what, const seal::keyring_ptr& keys,
                    std::uint32_t version) {
  if (!keys)
    return store::encode(what, version);
  auto sealed = what;
  for (auto& each : sealed.then)
    if (each.what == store::operation::kind::put)
      each.value = keys->seal(each.key, std::move(each.value));
  return store::encode(sealed, version);
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
  s.writes.push_back(
    {encoded(m.what, s.with.store.keys, agreed_version(self)), to, makes_grow(m.what)});
  schedule_flush(self);
  return to;
}

kernel::reply<proposed> take_proposal(host_ptr self, const propose& m) {
  auto& s = self->state;
  if (m.commands.empty() || s.leadership.role != raft::role_name::leader)
    return proposed{};
  auto agreed = agreed_version(self);
  if (std::any_of(m.commands.begin(), m.commands.end(),
                  [agreed](const auto& c) { return store::version_of(c) > agreed; }))
    return proposed{}; // not all voters would understand it
  if (s.read_only && std::any_of(m.commands.begin(), m.commands.end(), [](const auto& c) {
        return makes_grow(c);
      }))
    return kernel::answer(refused_for_room(self));
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
  s.next_snapshot = self->process().random("snapshots")() >> 1; // names differ between lives
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
    [self](const letter_sent& m) { take_letter(self, m.bytes, m.group); },
    [self](const bulk_letter_sent& m) { take_letter(self, m.bytes, m.group); },
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
      keep_health(self);
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
