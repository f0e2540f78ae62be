// All of this folder for a master: the informers, warm on every master, and the controllers, which
// live in the leader scope.
//
//   control::warm informers{process, api, user, control::watched(*catalog)};
//   informers.add_to(master_tree);                       // outside of the scope
//   control::add_controllers(leader_tree, informers, {...});   // inside
#pragma once

#include "actors/client/informer.hpp"
#include "actors/controllers/registrations.hpp"
#include "actors/controllers/shell/reconciler.hpp"
#include "actors/kernel/supervisor.hpp"
#include "config/schema/schema.hpp"

namespace troupe::control {

/// Informers with handles that survive their restarts.
class warm {
public:
  warm(const kernel::process_ptr& process, std::vector<client::api_actor> servers, api::user user,
       const std::vector<resource>& watched);

  /// As children "informers/NAME" of a subtree.
  void add_to(kernel::tree& to) const;
  const std::map<resource, client::informer_actor>& handles() const { return handles_; }
  client::informer_actor of(const resource& r) const { return handles_.at(r); }

private:
  struct kept {
    resource what;
    kernel::stable<client::informer_actor> handle;
  };
  std::vector<client::api_actor> servers_;
  api::user user_;
  std::vector<kept> all_;
  std::map<resource, client::informer_actor> handles_;
};

/// What controllers, collector and scheduler read.
std::vector<resource> watched(const schema::catalog& catalog);

struct controllers_settings {
  client::api_actor api;
  api::user user;
  std::string ca; // PEM, for kube-root-ca.crt; empty: not published
  std::function<schema::catalog_ptr()> catalog;
  suspects_ptr suspects;
  std::int64_t terminated_pods = 12500; // terminatedPodGCThreshold
};

/// One actor each.
void add_controllers(kernel::tree& to, const warm& informers, const controllers_settings& with);
/// Any other registration (of actors/lease, of later controllers) as a child.
void add_controller(kernel::tree& to, const warm& informers, const controllers_settings& with,
                    std::function<registration()> make);

} // namespace troupe::control
