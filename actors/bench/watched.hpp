// Who watches what in the watch bench, and who is told.
#pragma once

#include "config/base/ids.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace troupe::bench {

/// Told on one thread.
struct watch_listener {
  virtual ~watch_listener() = default;
  /// In the order of their revisions for each watcher, each change once.
  virtual void on_change(std::size_t watcher, revision at, std::string_view value) = 0;
  /// Nothing more comes to some of the watchers.
  virtual void on_end(const std::string& why) = 0;
};
/// Watchers `first` to `first + count - 1` of one prefix, each sent every change.
struct watch_order {
  std::string prefix;
  std::size_t first = 0;
  std::size_t count = 1;
  std::shared_ptr<watch_listener> to;
};

} // namespace troupe::bench
