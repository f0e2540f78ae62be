#include "actors/bench/usage.hpp"

#include <fstream>
#include <sstream>
#include <string>
#include <unistd.h>

namespace troupe::bench {
namespace {

failure gone(pid_t of) {
  return {.reason = reason::unavailable,
          .message = "measure process " + std::to_string(of) + ": it has ended"};
}

} // namespace

result<double> cpu_seconds(pid_t of) {
  std::ifstream in{"/proc/" + std::to_string(of) + "/stat"};
  std::string text;
  if (!std::getline(in, text))
    return gone(of);
  auto name_ends = text.rfind(')'); // the name may hold anything
  if (name_ends == std::string::npos)
    return gone(of);
  std::istringstream rest{text.substr(name_ends + 2)};
  std::string skipped;
  for (int field = 3; field < 14; ++field)
    rest >> skipped;
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  if (!(rest >> user >> system))
    return gone(of);
  return static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

result<memory> memory_of(pid_t of) {
  std::ifstream in{"/proc/" + std::to_string(of) + "/smaps_rollup"};
  memory out;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("Rss:"))
      out.rss_bytes = std::strtoull(line.c_str() + 4, nullptr, 10) * 1024;
    if (line.starts_with("Pss:"))
      out.pss_bytes = std::strtoull(line.c_str() + 4, nullptr, 10) * 1024;
  }
  if (out.rss_bytes == 0)
    return gone(of);
  return out;
}

} // namespace troupe::bench
