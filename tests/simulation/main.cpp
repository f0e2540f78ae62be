// The masters' stores alone, under faults. The command line: seeds.hpp.
#include "tests/simulation/faults.hpp"
#include "tests/simulation/scenario.hpp"
#include "tests/simulation/seeds.hpp"

using namespace troupe;

int main(int argc, char** argv) {
  return sim::run_seeds({.program = "simulation",
                         .draw = sim::draw,
                         .run = sim::run,
                         .faults = sim::store_fault_kinds(),
                         .has = [](sim::bug) { return true; }},
                        {argv + 1, argv + argc});
}
