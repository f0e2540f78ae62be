// bench: measures the store and the API, beside etcd if wanted.
#include "actors/bench/bench.hpp"

#include "actors/main/program.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <unistd.h>

namespace troupe::program {
namespace {

result<void> check_case(const std::string& only, const std::vector<std::string>& known) {
  if (only.empty() || std::find(known.begin(), known.end(), only) != known.end())
    return {};
  std::string all;
  for (const auto& k : known)
    all += (all.empty() ? "" : ", ") + k;
  return failure{.reason = reason::bad_request,
                 .message = "bench: there is no case '" + only + "'; the cases are " + all};
}

} // namespace

result<int> bench_command(const common_options& common, const bench_options& o) {
  if (o.seconds <= 0 || o.runs == 0)
    return failure{.reason = reason::bad_request,
                   .message = "bench: --seconds and --runs must be more than 0"};
  if (std::find(o.clients.begin(), o.clients.end(), 0U) != o.clients.end())
    return failure{.reason = reason::bad_request, .message = "bench: --clients must be at least 1"};
  bench::options with{
    .program = std::filesystem::read_symlink("/proc/self/exe"),
    .directory = common.data_dir + "/bench-" + std::to_string(getpid()),
    .only = o.only,
    .etcd = o.peer == "etcd",
    .window = std::chrono::duration_cast<duration>(std::chrono::duration<double>(o.seconds)),
    .runs = o.runs,
    .config_maps = o.config_maps,
    .now = [] { return instant{std::chrono::system_clock::now()}; },
    .say = [](const std::string& what) { std::cerr << what << std::endl; }};
  if (!o.clients.empty())
    with.clients = o.clients;
  bool store = o.what == "store";
  CHECK_RETURN(check_case(o.only, store ? bench::store_cases(o.config_maps)
                                        : bench::api_cases(o.config_maps)));
  OR_RETURN(auto rows, store ? bench::run_store(with) : bench::run_api(with));
  std::cout << (o.as_json ? bench::to_json(rows) + "\n" : bench::to_text(rows)) << std::flush;
  return 0;
}

} // namespace troupe::program
