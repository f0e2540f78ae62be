#include "tests/simulation/whole/faults.hpp"

namespace troupe::sim {

const std::vector<std::string>& node_fault_kinds() {
  static const std::vector<std::string> out = {
    "nodes crashed", "nodes cut off", "node actors killed", "node links reset", "runtimes away"};
  return out;
}

node_faults::node_faults(cluster& c, nodes& n)
    : c_(c), n_(n), clock_(c, c.with.fault_every, [this] { strike(); }) {}

void node_faults::strike() {
  auto at = c_.world.random().below(n_.size());
  auto dice = c_.world.random().below(100);
  auto& count = c_.to.count;
  if (dice < 15) {
    count["nodes crashed"] += n_.up(at) ? 1 : 0;
    n_.crash(at, span(100, 20'000));
  } else if (dice < 35) {
    cut_off(at);
  } else if (dice < 75) {
    count["node actors killed"] += n_.kill_an_actor(at) ? 1 : 0;
  } else if (dice < 90) {
    ++count["node links reset"];
    c_.network.reset(n_.name(at), c_.members[c_.world.random().below(c_.members.size())].name);
  } else {
    ++count["runtimes away"];
    n_.set_runtime_away(at, true);
    c_.world.after(span(100, 5000), [this, at] { n_.set_runtime_away(at, false); });
  }
}

/// From one master or from all; one way or both.
void node_faults::cut_off(std::size_t at) {
  ++c_.to.count["nodes cut off"];
  auto& random = c_.world.random();
  auto name = n_.name(at);
  auto only = random.below(2 * c_.members.size()); // half of the times: all of them
  auto ways = random.below(3);
  for (std::size_t i = 0; i < c_.members.size(); ++i) {
    if (only < c_.members.size() && only != i)
      continue;
    if (ways != 0)
      c_.network.cut(name, c_.members[i].name);
    if (ways != 1)
      c_.network.cut(c_.members[i].name, name);
  }
  c_.world.after(span(200, 20'000), [this, name] {
    for (const auto& m : c_.members) {
      c_.network.heal(name, m.name);
      c_.network.heal(m.name, name);
    }
  });
}

void node_faults::heal() {
  clock_.stop();
  c_.network.heal_all();
  for (std::size_t i = 0; i < n_.size(); ++i) {
    n_.set_runtime_away(i, false);
    if (!n_.up(i))
      n_.start(i);
  }
}

} // namespace troupe::sim
