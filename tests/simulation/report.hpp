// What a run found and what it went through.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace troupe::sim {

struct report {
  std::vector<std::string> violations; // of the domain's facts
  std::vector<std::string> deaths;     // actors that failed where nothing was wrong with the disk
  std::map<std::string, std::uint64_t> count;
  std::uint64_t hash = 0;
  double virtual_seconds = 0;

  bool clean() const { return violations.empty() && deaths.empty(); }
  void death(std::string what) {
    if (deaths.size() < 3)
      deaths.push_back(std::move(what));
  }
  void violation(std::string what) {
    if (violations.size() < 10)
      violations.push_back(std::move(what));
  }
};

} // namespace troupe::sim
