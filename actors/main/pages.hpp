// What every process tells the command line over its HTTPS: status, trace, kill, metrics.
#pragma once

#include "actors/api/edge/front.hpp"
#include "actors/kernel/process.hpp"

#include <nlohmann/json_fwd.hpp>

#include <functional>

namespace troupe::program {

/// GET /troupe/status, GET /troupe/trace?object=&after=, POST /troupe/kill?actor=,
/// POST /troupe/record?on=, GET /metrics. `more` adds to the status (role, term), `metrics` to the
/// metrics, in Prometheus' text format.
std::vector<edge::page_entry> process_pages(kernel::process_ptr process,
                                            std::function<void(nlohmann::json&)> more,
                                            std::function<std::string()> metrics = {});

nlohmann::json to_json(const kernel::trace::event& e);

/// Resident and proportional memory of this process, bytes. (smaps_rollup)
struct memory_use {
  std::uint64_t rss = 0;
  std::uint64_t pss = 0;
};
memory_use memory_of_this_process();

} // namespace troupe::program
