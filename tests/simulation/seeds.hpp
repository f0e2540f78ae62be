// The command line of a simulation: which seeds, and what is told of them.
//
// --seed N | --seeds A..B | --soak N  [--about STORY] [--twice] [--bug NAME] [--show KEY]
//
// --about weather|quarrels|members: only those of the seeds (options.hpp).
// --soak N: N seeds that no other run uses, and only what is bad is told.
// Exit code 0: clean (with --bug: the bug was found). A failure prints a command that repeats it.
#pragma once

#include "tests/simulation/options.hpp"
#include "tests/simulation/report.hpp"

#include <functional>

namespace troupe::sim {

struct kind_of_run {
  std::string program; // its name
  std::function<options(std::uint64_t seed, bug b)> draw;
  std::function<report(const options& o)> run;
  std::vector<std::string> faults; // each of them must be met in 20 seeds and more
  std::function<bool(bug b)> has;  // whether it can have this bug
};

/// The exit code.
int run_seeds(const kind_of_run& kind, const std::vector<std::string>& args);

} // namespace troupe::sim
