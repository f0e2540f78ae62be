// What many watchers of the same keys have seen: whether each got every write once and in order,
// and how late. Pure but for its lock.
#pragma once

#include "actors/bench/histogram.hpp"
#include "actors/bench/watched.hpp"

#include <functional>
#include <mutex>
#include <vector>

namespace troupe::bench {

/// A value that says when it was written. `size` bytes, at least 8.
std::string stamped(duration at, std::size_t size);

class tally final : public watch_listener {
public:
  /// `now`: the clock of the stamps.
  tally(std::size_t watchers, std::function<duration()> now);

  /// Only writes that were handed over in [from, to) count for the delays; before this call, none.
  void time(duration from, duration to);
  void on_change(std::size_t watcher, revision at, std::string_view value) override;
  void on_end(const std::string& why) override;

  struct outcome {
    histogram took;              // from the write's hand-over to the watcher
    std::uint64_t delivered = 0; // all in all
    std::uint64_t least = 0;     // of the watcher that got the fewest
    std::uint64_t disorder = 0;  // changes that came twice or out of order
    std::string ended;           // why a watch ended; empty: none did
  };
  outcome now() const;

private:
  struct progress {
    std::uint64_t count = 0;
    revision last{};
  };
  const std::function<duration()> now_;
  mutable std::mutex mutex_;
  std::vector<progress> all_;
  outcome seen_;
  duration from_ = duration::max();
  duration to_ = duration::max();
};

} // namespace troupe::bench
