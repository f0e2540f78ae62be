#include "actors/storage/etcd/replica.hpp"

#include "actors/storage/etcd/host.hpp"

namespace troupe::storage {
namespace {

constexpr duration tick_every = 100ms;

void start(etcd_ptr self, etcd_dependencies with) {
  auto& s = self->state;
  s.with = std::move(with);
  s.keys = etcd::key_space{s.with.settings.prefix};
  load(self);
  self->after(tick_every, etcd_tick{});
}

whether_member is_member(etcd_ptr self, member_id who) {
  whether_member out;
  const auto& s = self->state;
  if (!is_fed(self))
    return out;
  out.sure = true;
  out.as_of = log_index{raw(s.mirror->masters_since())};
  for (const auto& [name, address] : s.mirror->masters())
    out.member |= !address.empty() && member_of(name) == who;
  return out;
}

etcd_interface::behavior_type behave(etcd_ptr self, etcd_dependencies with) {
  start(self, std::move(with));
  return {
    [self](const transact& m) { return take_write(self, m); },
    [self](const get_view& m) { return take_view(self, m); },
    [self](const get_view_at& m) { return take_view_at(self, m); },
    [self](const get_history&) { return take_history(self); },
    [self](const get_leadership&) -> kernel::reply<leadership> { return leadership_now(self); },
    // between replicas: here etcd is between them
    [](const letter_sent&) {},
    [](const bulk_letter_sent&) {},
    [](const propose&) -> kernel::reply<proposed> { return proposed{}; },
    [self](const ask_to_join& m) { return take_join(self, m); },
    [self](const list_members&) -> kernel::reply<members_listed> { return list_masters(self); },
    [self](const remove_member& m) { return take_removal(self, m); },
    [](const leader_leaves&) -> kernel::reply<leaving_noted> { return leaving_noted{}; },
    [self](const ask_whether_member& m) -> kernel::reply<whether_member> {
      return is_member(self, m.id);
    },
    [self](const kernel::link_up& m) { self->state.linked.insert(m.peer.name); },
    [self](const kernel::link_down& m) { self->state.linked.erase(m.peer.name); },
    [self](const hand_over&) { return take_hand_over(self); },
    [self](const driver_said& m) { m.what(self); },
    [self](const etcd_tick&) {
      self->after(tick_every, etcd_tick{});
      keep_leading(self);
      serve_outcomes(self);
      serve_views(self);
    },
  };
}

} // namespace

replica_handles spawn_etcd_replica(const kernel::place& at, etcd_dependencies with) {
  auto spawned =
    kernel::spawn<etcd_interface, etcd_host>(at.with_mailbox(65'536), behave, std::move(with));
  return {.local = spawned, .peers = spawned, .links = spawned, .leaving = spawned};
}

} // namespace troupe::storage
