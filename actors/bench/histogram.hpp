// How long operations took: counts in buckets of equal relative width. Pure.
#pragma once

#include "config/base/clock.hpp"

#include <array>
#include <cstdint>

namespace troupe::bench {

/// Any duration fits; each is known to 1/64 of itself. Not thread-safe.
class histogram {
public:
  void add(duration took);
  void add(const histogram& other);

  std::uint64_t count() const { return count_; }
  /// The duration that `share` (0 to 1) of all did not exceed; 0 when there are none.
  duration quantile(double share) const;
  /// Exact.
  duration max() const { return max_; }

private:
  static constexpr unsigned fine_bits = 6;     // 64 buckets per power of two
  static constexpr unsigned first_octave = 10; // below 1 us: one octave
  static constexpr unsigned last_octave = 38;  // above 4.5 minutes: the last bucket
  static constexpr std::size_t buckets = (last_octave - first_octave + 1) << fine_bits;

  static std::size_t bucket_of(std::uint64_t ns);
  static std::uint64_t middle_of(std::size_t bucket);

  std::array<std::uint32_t, buckets> counts_{};
  std::uint64_t count_ = 0;
  duration max_{};
};

} // namespace troupe::bench
