// A closed loop: each of N clients has one operation under way and starts the next when that is
// done.
#pragma once

#include "actors/bench/histogram.hpp"
#include "actors/bench/patience.hpp"
#include "config/base/result.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

namespace troupe::bench {

/// Called once per operation, on any thread: whether it did what it should.
using finish = std::function<void(bool)>;
/// Starts operation `number` (0, 1, ...) of `client`. Must not block.
using operation = std::function<void(std::size_t client, std::uint64_t number, finish)>;

struct loop_options {
  std::size_t clients = 1;
  duration warm_up = 500ms;
  duration window = 3s;
};

struct loop_result {
  histogram took;
  std::uint64_t errors = 0;
  double seconds = 0; // of the window
  double ops_per_s() const {
    return seconds > 0 ? static_cast<double>(took.count()) / seconds : 0.0;
  }
};

/// Called when the timed window begins (false) and when it has ended (true).
using at_edge = std::function<void(bool ended)>;

/// Counts what was begun and done within the window. An operation that failed is counted as an
/// error, and its client rests 10 ms. Fails when interrupted, and when operations are still not
/// done 30 s after the window.
result<loop_result> run_closed_loop(const loop_options& with, const operation& what,
                                    patience& waiting, const at_edge& edge = {});

/// Clients with operations of their own, beside others in one run.
struct load {
  std::size_t clients = 1;
  operation what;
};
/// As run_closed_loop, several loads at once; the results in their order. `with.clients` does not
/// matter. Clients are numbered within their load.
result<std::vector<loop_result>> run_side_by_side(const loop_options& with,
                                                  const std::vector<load>& loads, patience& waiting,
                                                  const at_edge& edge = {});

/// Operations 0 .. `count` - 1 as fast as `clients` at once do them, each once; a failed one is
/// tried again, up to 100 times (or one in 100) in all. Fails after `limit`.
result<void> run_all(std::uint64_t count, std::size_t clients, const operation& what,
                     patience& waiting, duration limit);

} // namespace troupe::bench
