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
  std::vector<std::size_t> clients = {1, 16, 64, 256};
  bool etcd = false;                           // beside Troupe, in turn
  duration window = 3s;                        // of one measurement
  std::uint32_t runs = 3;                      // of each, in turn; the rows are their medians
  std::uint32_t config_maps = 20'000;          // of the memory case
  std::function<instant()> now;                // for certificates
  std::function<void(const std::string&)> say; // progress
};

/// The store from outside: `write`, `read_linearizable`, `list_100` over raw keys, and memory.
result<std::vector<row>> run_store(const options& with);
/// The API over HTTPS: see api_cases(). With `etcd`, its memory beside the masters' (20,000 keys of
/// the same bytes).
result<std::vector<row>> run_api(const options& with);

/// Names that `only` may have.
std::vector<std::string> store_cases(std::uint32_t config_maps);
std::vector<std::string> api_cases(std::uint32_t config_maps);

} // namespace troupe::bench
