#include "actors/controllers/controllers.hpp"

#include "actors/controllers/name_space/emptier.hpp"

#include <algorithm>

namespace troupe::control {

warm::warm(const kernel::process_ptr& process, std::vector<client::api_actor> servers,
           api::user user, const std::vector<resource>& watched)
    : servers_(std::move(servers)), user_(std::move(user)) {
  for (const auto& r : watched) {
    all_.push_back({r, kernel::stable<client::informer_actor>{process}});
    handles_.emplace(r, all_.back().handle.handle());
  }
}

void warm::add_to(kernel::tree& to) const {
  kernel::tree informers;
  for (const auto& k : all_) {
    client::informer_settings with;
    with.what.group = k.what.group;
    with.what.version = k.what.version;
    with.what.resource = k.what.plural;
    with.what.from = user_;
    with.servers = servers_;
    auto name = k.what.group.empty() ? k.what.plural : k.what.plural + '.' + k.what.group;
    informers.children.push_back(
      {.name = std::move(name),
       .spawn = [with](const kernel::place& at) { return client::spawn_informer(at, with); },
       .slot = k.handle.slot()});
  }
  to.children.push_back({.name = "informers", .spawn = kernel::subtree(std::move(informers))});
}

std::vector<resource> watched(const schema::catalog& catalog) {
  auto out = collectable(catalog);
  for (const auto& r : {of::pods, of::nodes, of::namespaces, of::services, of::endpoints,
                        of::config_maps, of::service_accounts, of::replication_controllers,
                        of::replica_sets, of::deployments, of::endpoint_slices, of::leases})
    if (std::find(out.begin(), out.end(), r) == out.end())
      out.push_back(r);
  return out;
}

void add_controller(kernel::tree& to, const warm& informers, const controllers_settings& with,
                    std::function<registration()> make) {
  auto name = make().name;
  auto handles = informers.handles();
  to.children.push_back({.name = name, .spawn = [=](const kernel::place& at) {
                           // Whole states of large clusters come as many tells at once.
                           return spawn_reconciler(at.with_mailbox(8192), {.what = make(),
                                                                           .informers = handles,
                                                                           .api = with.api,
                                                                           .user = with.user});
                         }});
}

void add_controllers(kernel::tree& to, const warm& informers, const controllers_settings& with) {
  auto add = [&](std::function<registration()> make) {
    add_controller(to, informers, with, std::move(make));
  };
  add(replica_set_controller);
  add(replication_controller);
  add(deployment_controller);
  add(role_aggregation_controller);
  add([s = with.suspects] { return endpoint_slice_controller(s); });
  add([s = with.suspects] { return endpoints_controller(s); });
  add([ca = with.ca] { return defaults_controller(ca); });
  add([n = with.terminated_pods] { return pod_gc_controller(n); });
  add([catalog = with.catalog] {
    auto now = catalog();
    return collector_controller(*now, collectable(*now));
  });
  name_space::emptier_settings emptier{.namespaces = informers.of(of::namespaces),
                                       .api = with.api,
                                       .user = with.user,
                                       .catalog = with.catalog};
  to.children.push_back({.name = "namespace", .spawn = [emptier](const kernel::place& at) {
                           return name_space::spawn_emptier(at, emptier);
                         }});
}

} // namespace troupe::control
