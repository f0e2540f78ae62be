// Reads a container's log file, and goes on reading while the container lives: across rotation,
// woken by inotify. Blocking; used on a driver's thread.
#pragma once

#include "config/base/result.hpp"
#include "runtime/stream/log_parser.hpp"

#include <functional>
#include <string>

namespace troupe::stream {

struct log_source {
  std::string path;
  /// Of a followed log: whether more may come. Asked about once a second.
  std::function<bool()> alive = [] { return false; };
};

/// Gives the log in pieces of at most about 64 KiB; `take` answers false to stop. not_found when
/// there is no such file.
result<void> read_log(const log_source& from, const log_options& wanted,
                      const std::function<bool(std::string piece)>& take);

/// The file of a container's newest run, or the one before, below its directory (`N.log`).
result<std::string> find_log(const std::string& directory, bool previous);

} // namespace troupe::stream
