// `troupe bench`: fresh servers, a load, what it came to. Blocks until it is done.
#pragma once

#include "actors/bench/row.hpp"
#include "config/base/result.hpp"

#include <functional>
#include <string>
#include <vector>

namespace troupe::bench {

struct options {
  std::string program;   // path of `troupe`
  std::string directory; // made, and removed at the end: the servers' data
  std::string only;      // one case; empty: all
  std::vector<std::size_t> clients = {1, 16, 64, 256}; // of watch: how many watch
  double rate = 1000;                                  // of watch: writes per second
  std::vector<std::uint64_t> keys = {10'000, 100'000}; // of the case scale, ascending
  bool etcd = false;                                   // beside Troupe, in turn
  duration window = 3s;                                // of one measurement
  std::uint32_t runs = 3;                      // of each, in turn; the rows are their medians
  std::uint32_t config_maps = 20'000;          // of the memory case
  std::function<instant()> now;                // for certificates
  std::function<void(const std::string&)> say; // progress
};

/// The store from outside, over raw keys: see store_cases().
result<std::vector<row>> run_store(const options& with);
/// The API over HTTPS: see api_cases(). With `etcd`, its memory beside the masters' (20,000 keys of
/// the same bytes).
result<std::vector<row>> run_api(const options& with);

/// Watchers of one prefix, spread over the members, each sent every write: `fan_out`. The delays
/// are from the moment a write is handed over until the watcher has it.
result<std::vector<row>> run_watch(const options& with);

/// Names that `only` may have. `scale` is measured only when it is named.
std::vector<std::string> store_cases(std::uint32_t config_maps);
std::vector<std::string> watch_cases();
std::vector<std::string> api_cases(std::uint32_t config_maps);

} // namespace troupe::bench
