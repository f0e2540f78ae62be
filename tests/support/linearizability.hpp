// Is a history of reads, writes and compare-and-swaps on registers linearizable?
//
// Wing and Gong's search with Lowe's memory of visited configurations; keys are checked one by one
// (linearizability is local). An operation without a known end may have happened at any time after
// its start, or never.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::check {

using version = std::uint64_t; // what a register holds; 0: the key does not exist

struct operation {
  enum class kind : std::uint8_t {
    read,  // found `result`
    write, // put `argument`, whatever was there (0 erases)
    swap,  // put `argument` if `expected` was there; `succeeded` says whether it did
  };
  kind what = kind::read;
  std::string key;
  version argument = 0;
  version expected = 0;
  version result = 0;
  bool succeeded = true;
  std::uint64_t start = 0;          // any clock that all clients share
  std::optional<std::uint64_t> end; // none: the outcome is unknown
  std::string client;               // for the report only
};

struct verdict {
  bool linearizable = true;
  bool decided = true; // false: gave up after `max_steps` configurations
  std::string key;     // the first key that is not
  std::string report;  // its operations in order of start
};

/// One line: start..end, the client, what it did and found.
std::string describe(const operation& op);

/// Checks every key. `max_steps` bounds the search per key.
verdict linearizable(const std::vector<operation>& history, std::uint64_t max_steps = 20'000'000);

} // namespace troupe::check
