// When the next thing goes wrong: again and again, at times that the seed draws.
#pragma once

#include "tests/simulation/cluster.hpp"

namespace troupe::sim {

class fault_clock {
public:
  /// Calls `strike` every `mean` on the average, from a quarter of it to seven.
  fault_clock(cluster& c, duration mean, std::function<void()> strike)
      : c_(c), mean_(mean), strike_(std::move(strike)) {
    later();
  }
  fault_clock(const fault_clock&) = delete;
  fault_clock& operator=(const fault_clock&) = delete;

  void stop() { over_ = true; }
  bool over() const { return over_; }
  /// A duration drawn from the seed.
  duration span(std::uint64_t least_ms, std::uint64_t most_ms) {
    return std::chrono::milliseconds{c_.world.random().between(least_ms, most_ms)};
  }

private:
  void later() {
    auto mean = static_cast<std::uint64_t>(mean_ / 1ms);
    c_.world.after(span(mean / 4, mean * 7 / 4), [this] {
      if (over_)
        return;
      strike_();
      later();
    });
  }
  cluster& c_;
  duration mean_;
  std::function<void()> strike_;
  bool over_ = false;
};

} // namespace troupe::sim
