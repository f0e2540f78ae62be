#include "tests/simulation/whole/master.hpp"

#include "actors/main/link_types.hpp"

namespace troupe::sim {
namespace {

class whole_master final : public master_program {
public:
  explicit whole_master(node_clocks clocks) : clocks_(clocks) {}
  kernel::message_types types() const override { return program::link_types(); }
  life_ptr begin(const kernel::process_ptr& process) const override {
    return std::make_shared<whole_life>(process);
  }
  kernel::tree tree(const cluster& of, const life_ptr& some, const member& m,
                    storage::opened_store opened) const override;

private:
  settings::master settings_of(const cluster& of, const member& m) const;
  node_clocks clocks_;
  schema::catalog_ptr catalog_ = schema::built_in();
};

settings::master whole_master::settings_of(const cluster& of, const member& m) const {
  settings::master out;
  out.name = m.name;
  for (std::size_t i = 0; i < of.with.masters; ++i) {
    auto name = "m" + std::to_string(i);
    out.masters.push_back({name, name + ":1"});
  }
  out.compact_after = of.with.compact_after;
  out.node_monitor_period = 1s;
  out.node_monitor_grace = clocks_.grace;
  out.toleration = clocks_.toleration;
  return out;
}

kernel::tree whole_master::tree(const cluster& of, const life_ptr& some, const member& m,
                                storage::opened_store opened) const {
  auto l = std::static_pointer_cast<whole_life>(some);
  const auto& wires = l->wires;
  auto facts = of.scopes;
  auto probe = [replica = wires.replica.handle(), courier = l->courier.handle(), facts](
                 const kernel::place& at) { return spawn_probe(at, replica, courier, facts); };
  storage::replica_settings tuning;
  tuning.address = address_of(m.name);
  tuning.flush_entries = of.with.flush_entries;
  tune(tuning.raft, of.with);
  tuning.raft.seen_by = of.laws.get();
  auto out = program::master_tree(l->process, *l->links, wires,
                                  {.settings = settings_of(of, m),
                                   .store = std::move(opened),
                                   .writer = l->writer,
                                   .reader = l->reader,
                                   .catalog = catalog_,
                                   .version = "v1.36.0+troupe.0",
                                   .ca_pem = "the authority of a simulated cluster",
                                   .leadership = l->leadership,
                                   .edge = {},
                                   .scope = {{.name = "probe", .spawn = probe}},
                                   .tuning = tuning});
  program::offer_portals(*l->links, wires);
  out.children.push_back(
    {.name = "courier",
     .spawn = [replica = wires.replica.handle(),
               facts](const kernel::place& at) { return spawn_courier(at, replica, facts); },
     .slot = l->courier.slot()});
  return out;
}

} // namespace

whole_life::whole_life(const kernel::process_ptr& p) : life(p), wires(p), courier(p) {
  replica = wires.replica;
  hub = wires.hub;
}

std::unique_ptr<master_program> whole_program(node_clocks clocks) {
  return std::make_unique<whole_master>(clocks);
}

} // namespace troupe::sim
