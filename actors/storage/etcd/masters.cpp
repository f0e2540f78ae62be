// Which masters there are: a key for each, HOST:PORT; empty: removed, and not to be started again.
#include "actors/storage/etcd/host.hpp"

#include <algorithm>

namespace troupe::storage {
namespace {

constexpr duration write_deadline = 5s;

etcd::order put_master(etcd_ptr self, const std::string& name, std::string address) {
  return {.what = etcd::order::kind::put,
          .key = self->state.keys.master(name),
          .value = std::move(address),
          .lease = 0};
}

/// An own key that is there already is only changed when it says another address.
void register_self(etcd_ptr self, bool known) {
  auto& s = self->state;
  if (std::exchange(s.registering, true))
    return;
  etcd::txn order;
  order.when.push_back({.key = s.keys.master(s.with.settings.name),
                        .of = etcd::compare::field::created,
                        .how = known ? etcd::compare::test::greater : etcd::compare::test::equal,
                        .to = {}});
  order.then.push_back(put_master(self, s.with.settings.name, s.with.settings.address));
  s.with.cluster->commit(
    std::move(order), write_deadline,
    in_actor<etcd::committed>(self, [](etcd_ptr me, const result<etcd::committed>&) {
      me->state.registering = false;
      look_at_masters(me); // again, until the key is there
    }));
}

std::map<std::string, std::string> present(const std::map<std::string, std::string>& all) {
  auto out = all;
  std::erase_if(out, [](const auto& m) { return m.second.empty(); });
  return out;
}

failure refused(reason why, std::string message) {
  return {.reason = why, .message = std::move(message)};
}

} // namespace

void look_at_masters(etcd_ptr self) {
  auto& s = self->state;
  const auto& all = s.mirror->masters();
  auto own = all.find(s.with.settings.name);
  if (own != all.end() && own->second.empty()) {
    perform(self, s.election.leave());
    if (s.with.removed)
      s.with.removed();
    return self->fail(refused(
      reason::gone, "this master was removed from the cluster (troupe member remove) and stops; to "
                    "take part again it joins with an empty data directory"));
  }
  if (own == all.end() || own->second != s.with.settings.address)
    register_self(self, own != all.end());
  if (s.with.masters)
    s.with.masters(present(all), s.mirror->masters_since());
}

kernel::reply<join_answered> take_join(etcd_ptr self, const ask_to_join& m) {
  auto& s = self->state;
  auto name = name_of(m.address);
  if (name.size() + 1 >= m.address.size())
    return kernel::answer(refused(reason::bad_request, "take in a master: it has no address"));
  auto to = self->promise<join_answered>();
  etcd::txn order;
  order.then.push_back(put_master(self, name, m.address.substr(name.size() + 1)));
  s.with.cluster->commit(
    std::move(order), write_deadline,
    in_actor<etcd::committed>(self, [to](etcd_ptr, const result<etcd::committed>& r) mutable {
      to.answer(r ? result<join_answered>{join_answered{r->done}} : r.error());
    }));
  return to;
}

kernel::reply<member_removed> take_removal(etcd_ptr self, const remove_member& m) {
  auto& s = self->state;
  if (!s.mirror)
    return kernel::answer(refused(reason::unavailable, "the store is being read from etcd"));
  auto all = present(s.mirror->masters());
  if (!all.contains(m.name))
    return kernel::answer(refused(reason::not_found, "no master is called '" + m.name
                                                       + "'; `troupe member list` shows them"));
  if (all.size() == 1)
    return kernel::answer(
      refused(reason::conflict, "remove the master " + m.name + ": it is the only one"));
  auto to = self->promise<member_removed>();
  etcd::txn order;
  order.then.push_back(put_master(self, m.name, ""));
  s.with.cluster->commit(
    std::move(order), write_deadline,
    in_actor<etcd::committed>(self, [to](etcd_ptr, const result<etcd::committed>& r) mutable {
      to.answer(r ? result<member_removed>{member_removed{true}} : r.error());
    }));
  return to;
}

members_listed list_masters(etcd_ptr self) {
  auto& s = self->state;
  members_listed out;
  if (!s.mirror)
    return out;
  auto leads = leadership_now(self);
  out.leader = leads.leader_name;
  out.term = leads.term;
  for (const auto& [name, address] : present(s.mirror->masters())) {
    bool near = name == s.with.settings.name || s.linked.contains(name);
    out.members.push_back({.name = name,
                           .address = address,
                           .role = name == leads.leader_name ? "leader" : "voter",
                           .silent_ms = near ? 0 : -1,
                           .index = log_index{near ? raw(s.mirror->at()) : 0}});
  }
  return out;
}

} // namespace troupe::storage
