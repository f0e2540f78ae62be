// What a run found and what it went through.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace troupe::sim {

struct report {
  std::vector<std::string> violations; // the domain's facts that did not hold
  std::map<std::string, std::uint64_t> count;
  std::uint64_t hash = 0;
  double virtual_seconds = 0;

  void violation(std::string what) {
    if (violations.size() < 10)
      violations.push_back(std::move(what));
  }
};

} // namespace troupe::sim
