// Masters with all they run, and nodes, under faults. The command line: seeds.hpp.
#include "tests/simulation/seeds.hpp"
#include "tests/simulation/whole/scenario.hpp"

using namespace troupe;

int main(int argc, char** argv) {
  auto has = [](sim::bug b) { return b != sim::bug::drop_event_on_leader_change; }; // no such hub
  return sim::run_seeds({.program = "simulation_whole",
                         .draw = sim::draw_whole,
                         .run = sim::run_whole,
                         .faults = sim::whole_fault_kinds(),
                         .has = has},
                        {argv + 1, argv + argc});
}
