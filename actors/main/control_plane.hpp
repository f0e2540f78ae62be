// The part of a master that runs the cluster: warm informers everywhere, and in the leader scope
// the controllers and the scheduler. The tree, as data.
#pragma once

#include "actors/client/protocol.hpp"
#include "actors/kernel/links.hpp"
#include "actors/kernel/scope.hpp"
#include "actors/kernel/supervisor.hpp"
#include "actors/main/masters.hpp"
#include "actors/storage/protocol.hpp"
#include "config/base/board.hpp"
#include "config/schema/schema.hpp"
#include "config/settings/master.hpp"

#include <functional>
#include <memory>

namespace troupe::program {

/// Who leads, for those who look at it from outside of the actors (`troupe status`).
using leadership_note = board<storage::leadership>;

struct control_plane_dependencies {
  settings::master settings;
  std::vector<client::api_actor> api; // of this master; the last one serves the leader scope
  schema::catalog_ptr catalog;
  std::string ca_pem;
  std::shared_ptr<const leadership_note> leadership;
  masters_board_ptr masters;
  std::function<std::vector<std::string>()> ready_masters;
  std::vector<kernel::child> scope{}; // what else lives in the leader scope
};

/// Adds its children to a master's tree, and offers what other masters say to it.
void add_control_plane(kernel::tree& to, const kernel::process_ptr& process, kernel::links& links,
                       const control_plane_dependencies& with, const kernel::stable_slot& scope);

struct look_up {
  using local_only = void;
};
using leadership_note_actor = caf::typed_actor<proto::tell<look_up>>;
/// Keeps the note up to date.
leadership_note_actor spawn_leadership_note(const kernel::place& at, storage::replica_actor replica,
                                            std::shared_ptr<leadership_note> note);

} // namespace troupe::program
