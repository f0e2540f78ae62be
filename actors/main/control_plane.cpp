#include "actors/main/control_plane.hpp"

#include "actors/api/auth/authorize.hpp"
#include "actors/api/policy/keeper.hpp"
#include "actors/controllers/controllers.hpp"
#include "actors/kernel/actor.hpp"
#include "actors/lease/registrations.hpp"
#include "actors/lease/watcher.hpp"
#include "actors/main/bootstrap.hpp"
#include "actors/scheduler/scheduler.hpp"

namespace troupe::program {
namespace {

constexpr duration look_every = 100ms;

/// Everything that acts on the cluster, and only while this master leads.
kernel::tree leader_tree(const control_plane_dependencies& with, const control::warm& informers,
                         const control::suspects_ptr& suspects,
                         const scheduler::scheduler_actor& decides) {
  const auto& set = with.settings;
  auto api = with.api.back();
  bootstrap_dependencies bootstrap{
    .api = api, .net = set.net, .api_port = set.api_port, .ready_masters = with.ready_masters};
  kernel::tree out;
  out.children = {{.name = "bootstrap", .spawn = [bootstrap](const kernel::place& at) {
                     return spawn_bootstrap(at, bootstrap);
                   }},
                  {.name = "policy", .spawn = [api](const kernel::place& at) {
                     return policy::spawn_keeper(at, api);
                   }}};
  control::controllers_settings c{.api = api,
                                  .user = authz::internal_user("controllers"),
                                  .ca = with.ca_pem,
                                  .catalog = [catalog = with.catalog] { return catalog; },
                                  .suspects = suspects,
                                  .terminated_pods = set.terminated_pods};
  control::add_controllers(out, informers, c);
  control::add_controller(out, informers, c, [net = set.net] {
    return control::node_ipam_controller(net.pod_cidr, net.node_mask);
  });
  lease::health_settings health{.period = set.node_monitor_period, .grace = set.node_monitor_grace};
  control::add_controller(out, informers, c,
                          [health] { return lease::node_health_controller(health); });
  control::add_controller(out, informers, c, [] { return lease::taint_eviction_controller(); });
  scheduler::binder_settings binder{
    .scheduler = decides, .api = api, .user = authz::internal_user("scheduler")};
  out.children.push_back({.name = "binder", .spawn = [binder](const kernel::place& at) {
                            return scheduler::spawn_binder(at, binder);
                          }});
  out.children.insert(out.children.end(), with.scope.begin(), with.scope.end());
  // A controller that cannot go on is started again for as long as this master leads.
  out.tolerance = {.deaths = 100, .within = 10s};
  return out;
}

/// On every master: which nodes it has lost sight of, told to the others.
kernel::child watcher_child(const kernel::process_ptr& process, kernel::links& links,
                            const control_plane_dependencies& with,
                            const control::suspects_ptr& suspects) {
  kernel::stable<lease::watcher_actor> watcher{process};
  kernel::portal portal{lease::watcher_portal, watcher.handle()};
  portal.accept<lease::lost_sight>({kernel::role::master});
  links.offer(std::move(portal));
  links.subscribe(caf::actor_cast<kernel::link_subscriber>(watcher.slot().address()));
  auto others = [own = with.settings.name, board = with.masters, &links] {
    std::map<std::string, lease::watcher_actor> out;
    for (const auto& m : board->get().all)
      if (m.name != own)
        out.emplace(m.name, links.import <lease::watcher_actor>(m.name, lease::watcher_portal));
    return out;
  };
  lease::watcher_settings s{.self = with.settings.name,
                            .masters = others,
                            .board = suspects,
                            .term = [note = with.leadership] { return note->get().term; }};
  return {.name = "node-watcher",
          .spawn = [s](const kernel::place& at) { return lease::spawn_watcher(at, s); },
          .slot = watcher.slot()};
}

} // namespace

void add_control_plane(kernel::tree& to, const kernel::process_ptr& process, kernel::links& links,
                       const control_plane_dependencies& with, const kernel::stable_slot& scope) {
  namespace of = control::of;
  control::warm informers{process,
                          {with.api.front()},
                          authz::internal_user("informers"),
                          control::watched(*with.catalog)};
  informers.add_to(to);
  auto suspects = std::make_shared<control::suspects_board>();
  to.children.push_back(watcher_child(process, links, with, suspects));
  kernel::stable<scheduler::scheduler_actor> decides{process};
  scheduler::scheduler_settings s{.nodes = informers.of(of::nodes),
                                  .pods = informers.of(of::pods),
                                  .namespaces = informers.of(of::namespaces)};
  to.children.push_back({.name = "scheduler",
                         .spawn =
                           [s](const kernel::place& at) {
                             return scheduler::spawn_scheduler(at.with_mailbox(8192), s);
                           },
                         .slot = decides.slot()});
  to.children.push_back(
    {.name = "leader",
     .spawn = kernel::leader_scope(leader_tree(with, informers, suspects, decides)),
     .slot = scope});
}

leadership_note_actor spawn_leadership_note(const kernel::place& at, storage::replica_actor replica,
                                            std::shared_ptr<leadership_note> note) {
  using pointer = kernel::self_ptr<leadership_note_actor, kernel::stateless>;
  return kernel::spawn<leadership_note_actor, kernel::stateless>(
    at,
    [](pointer self, const storage::replica_actor& of,
       const std::shared_ptr<leadership_note>& to) -> leadership_note_actor::behavior_type {
      self->after(1ms, look_up{});
      return {[self, of, to](const look_up&) {
        self->after(look_every, look_up{});
        self->ask(of, storage::get_leadership{}, 1s).then([to](result<storage::leadership> l) {
          if (l)
            to->set(std::move(*l));
        });
      }};
    },
    std::move(replica), std::move(note));
}

} // namespace troupe::program
