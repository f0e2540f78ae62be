#include "actors/storage/hub.hpp"
#include "tests/simulation/bad_mail.hpp"
#include "tests/simulation/cluster.hpp"

namespace troupe::sim {
namespace {

struct store_life final : life {
  explicit store_life(const kernel::process_ptr& p) : life(p), scope(p), courier(p) {}
  kernel::stable<kernel::scope_actor> scope;
  kernel::stable<courier_actor> courier;
};

void offer(life& l) {
  auto address = l.replica.slot().address();
  l.links->offer(storage::portal_of(caf::actor_cast<storage::peer_actor>(address)));
  l.links->subscribe(caf::actor_cast<kernel::link_subscriber>(address));
}

storage::replica_dependencies replica_of(const cluster& of, const std::shared_ptr<store_life>& l,
                                         const member& m, storage::opened_store opened) {
  const auto& with = of.with;
  storage::replica_dependencies out;
  out.settings.raft.self = storage::member_of(m.name);
  out.settings.raft.seed = l->process->random("raft")();
  tune(out.settings.raft, with);
  out.settings.raft.seen_by = of.laws.get();
  out.settings.address = address_of(m.name);
  out.settings.compact_after = with.compact_after;
  out.settings.flush_entries = with.flush_entries;
  out.settings.disk_reserve = with.disk_reserve;
  out.store = std::move(opened);
  out.writer = l->writer;
  out.reader = l->reader;
  out.hub = caf::actor_cast<storage::hub_feed_actor>(l->hub.slot().address());
  out.scope = l->scope;
  out.peer = [own = m.name, weak = std::weak_ptr{l}, bad = with.bad_mail,
              notes = &of.to](member_id, const std::string& address) {
    auto still = weak.lock();
    if (!still || !still->links) // crashed before its first act
      return storage::peer_actor{};
    auto name = storage::name_of(address);
    auto& links = *still->links;
    if (own < name)
      links.dial({name, kernel::role::master}, {name, 1});
    auto peer = links.import <storage::peer_actor>(name, storage::peer_portal);
    kernel::place at{.process = still->process, .path = std::string{mail_path} + "/" + name};
    return bad ? spawn_bad_mail(at, peer, *notes) : peer;
  };
  return out;
}

class store_alone final : public master_program {
public:
  kernel::message_types types() const override {
    kernel::message_types out;
    storage::register_types(out);
    return out;
  }
  life_ptr begin(const kernel::process_ptr& process) const override {
    return std::make_shared<store_life>(process);
  }
  kernel::tree tree(const cluster& of, const life_ptr& some, const member& m,
                    storage::opened_store opened) const override;
};

kernel::tree store_alone::tree(const cluster& of, const life_ptr& some, const member& m,
                               storage::opened_store opened) const {
  auto l = std::static_pointer_cast<store_life>(some);
  offer(*l);
  auto replica = replica_of(of, l, m, std::move(opened));
  storage::hub_dependencies hub{
    .replica = l->replica, .reader = l->reader, .limits = {}, .bugs = {}};
  hub.bugs.drop_event_on_leader_change = of.with.bug == bug::drop_event_on_leader_change;
  auto probe = [replica = l->replica, courier = l->courier, facts = of.scopes](
                 const kernel::place& at) { return spawn_probe(at, replica, courier, facts); };
  kernel::tree out;
  out.children = {
    {.name = "hub",
     .spawn = [hub](const kernel::place& at) { return storage::spawn_watch_hub(at, hub).hub; },
     .slot = l->hub.slot()},
    {.name = "replica",
     .restart = kernel::restart::never,
     .spawn =
       [replica](const kernel::place& at) { return storage::spawn_replica(at, replica).local; },
     .slot = l->replica.slot()},
    {.name = "courier",
     .spawn = [replica = l->replica, facts = of.scopes](
                const kernel::place& at) { return spawn_courier(at, replica, facts); },
     .slot = l->courier.slot()},
    {.name = "leader",
     .spawn = kernel::leader_scope({.children = {{.name = "probe", .spawn = probe}}}),
     .slot = l->scope.slot()},
  };
  return out;
}

} // namespace

std::unique_ptr<master_program> store_program() { return std::make_unique<store_alone>(); }

} // namespace troupe::sim
