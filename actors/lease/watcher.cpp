#include "actors/lease/watcher.hpp"

#include "actors/kernel/actor.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace troupe::lease {
namespace {

constexpr duration look_every = 100ms;
constexpr duration repeat_every = 1s;

struct watcher_state {
  watcher_state() = default;
  watcher_settings with;
  std::map<std::string, watcher_actor> masters; // the others
  std::map<std::string, member_id> numbers;     // of all that ever voted
  suspicion doubts;
  std::set<std::string> nodes;                        // that this master has a link to, or had
  std::set<std::string> lost;                         // by this master
  std::set<std::string> suspects;                     // as last published
  std::map<std::string, std::set<std::string>> votes; // of the others, as last told
  term_id term{};
  instant told{};
};
using pointer = kernel::self_ptr<watcher_actor, watcher_state>;

/// Masters as voters need numbers: in the order of their first vote.
member_id voter(watcher_state& s, const std::string& master) {
  return s.numbers.emplace(master, member_id{s.numbers.size() + 1}).first->second;
}

void publish(pointer self) {
  auto& s = self->state;
  s.doubts.sizes(s.masters.size() + 1, s.nodes.size());
  auto suspects = s.doubts.suspects();
  bool suspended = s.doubts.suspended(self->now());
  if (suspended) // nothing new for now
    std::erase_if(suspects, [&](const auto& n) { return !s.suspects.contains(n); });
  s.suspects = suspects;
  std::set<std::string> seen;
  std::set_difference(s.nodes.begin(), s.nodes.end(), s.lost.begin(), s.lost.end(),
                      std::inserter(seen, seen.end()));
  s.with.board->set({std::move(suspects), suspended, std::move(seen)});
}

void tell_others(pointer self) {
  auto& s = self->state;
  s.told = self->now();
  lost_sight vote{s.with.self, {s.lost.begin(), s.lost.end()}};
  for (const auto& [name, master] : s.masters)
    self->tell(master, vote);
}

void take_vote(pointer self, const std::string& master, std::set<std::string> nodes) {
  auto& s = self->state;
  auto& before = s.votes[master];
  auto who = voter(s, master);
  for (const auto& n : before)
    if (!nodes.contains(n))
      s.doubts.found(who, n);
  for (const auto& n : nodes)
    if (!before.contains(n))
      s.doubts.lost(who, n, self->now());
  before = std::move(nodes);
  publish(self);
}

void own_vote(pointer self) {
  take_vote(self, self->state.with.self, self->state.lost);
  tell_others(self);
}

/// Who has left the cluster has no vote.
void know_masters(pointer self) {
  auto& s = self->state;
  auto before = std::exchange(s.masters, s.with.masters());
  for (const auto& [name, handle] : before)
    if (!s.masters.contains(name))
      take_vote(self, name, {});
}

void look(pointer self) {
  auto& s = self->state;
  know_masters(self);
  if (auto term = s.with.term(); term != s.term) {
    s.term = term;
    s.doubts.leader_changed(self->now());
  }
  if (self->now() - s.told >= repeat_every)
    tell_others(self);
  publish(self);
}

watcher_actor::behavior_type behave(pointer self, watcher_settings with) {
  self->state.doubts = suspicion{with.limits};
  self->state.with = std::move(with);
  self->state.masters = self->state.with.masters();
  self->after(look_every, look_round{});
  return {
    [self](const kernel::link_up& m) {
      auto& s = self->state;
      if (m.peer.role != kernel::role::node)
        return;
      s.nodes.insert(m.peer.name);
      if (s.lost.erase(m.peer.name) > 0)
        own_vote(self);
      else
        publish(self);
    },
    [self](const kernel::link_down& m) {
      auto& s = self->state;
      if (m.peer.role == kernel::role::master) {
        // Its vote no longer counts; when it comes back it tells everything again.
        take_vote(self, m.peer.name, {});
        return;
      }
      s.nodes.insert(m.peer.name);
      if (s.lost.insert(m.peer.name).second)
        own_vote(self);
    },
    [self](const lost_sight& m) {
      if (self->state.masters.contains(m.master))
        take_vote(self, m.master, {m.nodes.begin(), m.nodes.end()});
    },
    [self](const look_round&) {
      self->after(look_every, look_round{});
      look(self);
    },
  };
}

} // namespace

watcher_actor spawn_watcher(const kernel::place& at, watcher_settings with) {
  return kernel::spawn<watcher_actor, watcher_state>(at, behave, std::move(with));
}

void register_types(kernel::message_types& types) { types.add<lost_sight>("lease.lost_sight"); }

} // namespace troupe::lease
