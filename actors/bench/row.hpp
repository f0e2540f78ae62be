// What a benchmark says: rows, their medians over several runs, and how they are printed. Pure.
#pragma once

#include "config/base/clock.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace troupe::bench {

/// One server process.
struct member_row {
  std::string name;
  std::uint64_t rss_bytes = 0;
  std::uint64_t pss_bytes = 0;
};

/// One case under one load, of one run or (median_of) of several.
struct row {
  std::string bench; // "store", "api"
  std::string name;  // the case
  std::size_t clients = 0;
  std::string system; // "troupe", "etcd"
  double ops_per_s = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  double max_ms = 0;
  std::uint64_t rss_bytes = 0; // of all members together
  std::uint64_t pss_bytes = 0;
  double cpu_s = 0;        // of all members, in the timed window
  double client_cpu_s = 0; // of this process
  double seconds = 0;      // of the window
  std::uint64_t errors = 0;
  std::vector<member_row> members;                  // of memory cases
  std::vector<double> runs;                         // ops_per_s of each run
  std::vector<std::pair<std::string, double>> more; // figures of this case alone, by name
};

/// Each figure's median of its own, those of `more` too; max_ms is the worst and errors the sum.
/// `of` is not empty and all of one case, load and system, with the same `more`. Memory per member:
/// of the last run.
row median_of(const std::vector<row>& of);

/// The contract of `bench -o json` (an array), with a line per row.
std::string to_json(const std::vector<row>& rows);
/// For people; CPU as microseconds per operation.
std::string to_text(const std::vector<row>& rows);

} // namespace troupe::bench
