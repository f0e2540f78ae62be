#include "actors/main/control_plane.hpp"

#include "actors/kernel/actor.hpp"
#include "actors/main/bootstrap.hpp"

namespace troupe::program {
namespace {

constexpr duration look_every = 100ms;

kernel::tree leader_tree(const control_plane_dependencies& with) {
  bootstrap_dependencies bootstrap{.api = with.api,
                                   .net = with.settings.net,
                                   .api_port = with.settings.api_port,
                                   .ready_masters = with.ready_masters};
  kernel::tree out;
  out.children = {
    {.name = "bootstrap",
     .spawn = [bootstrap](const kernel::place& at) { return spawn_bootstrap(at, bootstrap); }},
  };
  return out;
}

} // namespace

void add_control_plane(kernel::tree& to, const kernel::process_ptr&,
                       const control_plane_dependencies& with, const kernel::stable_slot& scope) {
  to.children.push_back(
    {.name = "leader", .spawn = kernel::leader_scope(leader_tree(with)), .slot = scope});
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
