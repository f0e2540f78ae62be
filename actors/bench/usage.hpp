// What processes have used, as the kernel says (/proc).
#pragma once

#include "config/base/result.hpp"

#include <cstdint>
#include <sys/types.h>

namespace troupe::bench {

/// CPU seconds, user and system, of all its threads so far; in steps of 10 ms.
result<double> cpu_seconds(pid_t of);

struct memory {
  std::uint64_t rss_bytes = 0;
  std::uint64_t pss_bytes = 0;
};
result<memory> memory_of(pid_t of);

} // namespace troupe::bench
