// How many entries of 512 bytes per second the log file makes durable, by entries per sync, and how
// long a sync takes. Run it from a release build on the disk in question: bench_wal [directory]
#include "store/wal/log_file.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iomanip>
#include <iostream>

using namespace troupe;

namespace {

using clock_type = std::chrono::steady_clock;

double micros(clock_type::duration d) {
  return std::chrono::duration<double, std::micro>(d).count();
}

result<void> measure(wal::log_file& log, std::uint64_t per_sync, std::uint64_t& next) {
  const auto command = share(std::string(512, 'x'));
  std::vector<double> took;
  auto begin = clock_type::now();
  std::uint64_t entries = 0;
  while (clock_type::now() - begin < std::chrono::seconds{3}) {
    wal::batch b;
    for (std::uint64_t i = 0; i < per_sync; ++i)
      b.entries.push_back({term_id{1}, log_index{next++}, raft::entry_kind::command, command});
    auto before = clock_type::now();
    CHECK_RETURN(log.append(b));
    CHECK_RETURN(log.sync());
    took.push_back(micros(clock_type::now() - before));
    entries += per_sync;
    if (took.size() % 1000 == 0)
      CHECK_RETURN(log.cut_head({{term_id{1}, log_index{next - 1}}, {}}));
  }
  auto seconds = micros(clock_type::now() - begin) / 1e6;
  std::sort(took.begin(), took.end());
  auto at = [&](double q) {
    return took[static_cast<std::size_t>(q * static_cast<double>(took.size() - 1))];
  };
  std::cout << std::setw(10) << per_sync << std::setw(14) << static_cast<double>(entries) / seconds
            << std::setw(12) << static_cast<double>(took.size()) / seconds << std::setw(10)
            << at(0.5) << std::setw(10) << at(0.99) << std::setw(10) << took.back() << '\n';
  return {};
}

} // namespace

int main(int argc, char** argv) {
  std::string directory = argc > 1 ? argv[1] : "wal-bench";
  wal::recovered was;
  auto log = wal::log_file::open(
    wal::posix_files(), {.directory = directory, .identity = {"bench", member_id{1}}}, was);
  if (!log) {
    std::cerr << log.error().message << '\n';
    return 1;
  }
  std::cout << std::fixed << std::setprecision(0)
            << "  per sync     entries/s     syncs/s   p50 us    p99 us    max us\n";
  auto next = raw(was.log.last().index) + 1;
  for (std::uint64_t per_sync : {1, 10, 100, 1000}) {
    if (auto done = measure(**log, per_sync, next); !done) {
      std::cerr << done.error().message << '\n';
      return 1;
    }
  }
  log->reset();
  std::filesystem::remove_all(directory);
}
