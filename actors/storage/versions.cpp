// Which commands may be proposed: those that every voter has announced to decode.
#include "actors/storage/host.hpp"
#include "store/machine/command.hpp"

namespace troupe::storage {
namespace {

constexpr duration announce_within = 5s;

std::string announcement(member_id who, std::uint32_t newest) {
  return store::encode(store::command{store::announce_version{who, newest}},
                       store::first_command_version);
}

/// Members that are gone hold nobody back any more.
void forget_the_gone(host_ptr self) {
  auto& s = self->state;
  if (s.core->members_index() > s.applied) // not safe yet
    return;
  for (const auto& [who, newest] : s.with.store.state->facts().versions)
    if (!s.core->members().find(who))
      return propose_command(self, announcement(who, 0)); // the next one the next time
}

} // namespace

std::uint32_t agreed_version(host_ptr self) {
  auto& s = self->state;
  if (s.installing)
    return store::first_command_version;
  std::vector<member_id> voters;
  for (const auto& m : s.core->members().members)
    if (m.role == raft::member_role::voter)
      voters.push_back(m.id);
  const auto& state = *s.with.store.state;
  return store::agreed_version(state.facts(), voters, state.speaks());
}

void announce(host_ptr self) {
  auto& s = self->state;
  auto own = s.with.settings.raft.self;
  if (s.installing || !s.core->members().find(own))
    return;
  const auto& facts = s.with.store.state->facts();
  auto speaks = s.with.store.state->speaks();
  auto known = facts.versions.find(own);
  bool announced = known != facts.versions.end() && known->second == speaks;
  if (s.scope_told) {
    if (!announced)
      propose_command(self, announcement(own, speaks));
    else
      forget_the_gone(self);
    return;
  }
  auto leads = s.leadership.leader;
  if (announced || leads == raft::nobody || leads == own)
    return;
  if (auto leader = peer_of(self, leads))
    self->ask(leader, propose{{announcement(own, speaks)}}, announce_within)
      .then([](const result<proposed>&) {}); // it is looked again
}

} // namespace troupe::storage
