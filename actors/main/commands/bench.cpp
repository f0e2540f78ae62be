// bench: measures the store, the API and watches, beside etcd if wanted.
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

std::vector<std::string> cases_of(const bench_options& o) {
  if (o.what == "watch")
    return bench::watch_cases();
  return o.what == "store" ? bench::store_cases(o.config_maps) : bench::api_cases(o.config_maps);
}

result<std::vector<bench::row>> run(const std::string& what, const bench::options& with) {
  if (what == "watch")
    return bench::run_watch(with);
  return what == "store" ? bench::run_store(with) : bench::run_api(with);
}

} // namespace

result<int> bench_command(const common_options& common, const bench_options& o) {
  if (o.seconds <= 0 || o.runs == 0 || o.rate <= 0)
    return failure{.reason = reason::bad_request,
                   .message = "bench: --seconds, --runs and --rate must be more than 0"};
  if (std::find(o.clients.begin(), o.clients.end(), 0U) != o.clients.end())
    return failure{.reason = reason::bad_request, .message = "bench: --clients must be at least 1"};
  bench::options with{
    .program = std::filesystem::read_symlink("/proc/self/exe"),
    .directory = common.data_dir + "/bench-" + std::to_string(getpid()),
    .only = o.only,
    .rate = o.rate,
    .keys = o.keys,
    .etcd = o.peer == "etcd",
    .window = std::chrono::duration_cast<duration>(std::chrono::duration<double>(o.seconds)),
    .runs = o.runs,
    .config_maps = o.config_maps,
    .now = [] { return instant{std::chrono::system_clock::now()}; },
    .say = [](const std::string& what) { std::cerr << what << std::endl; }};
  if (o.what == "watch")
    with.clients = {1000};
  if (!o.clients.empty())
    with.clients = o.clients;
  CHECK_RETURN(check_case(o.only, cases_of(o)));
  OR_RETURN(auto rows, run(o.what, with));
  std::cout << (o.as_json ? bench::to_json(rows) + "\n" : bench::to_text(rows)) << std::flush;
  return 0;
}

} // namespace troupe::program
