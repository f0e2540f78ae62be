#include "actors/bench/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace troupe::bench {

std::size_t histogram::bucket_of(std::uint64_t ns) {
  ns = std::max<std::uint64_t>(ns, std::uint64_t{1} << first_octave);
  auto octave = static_cast<unsigned>(std::bit_width(ns)) - 1;
  if (octave > last_octave)
    return buckets - 1;
  auto fine = (ns >> (octave - fine_bits)) & ((1U << fine_bits) - 1);
  return (static_cast<std::size_t>(octave - first_octave) << fine_bits) + fine;
}

std::uint64_t histogram::middle_of(std::size_t bucket) {
  auto octave = static_cast<unsigned>(bucket >> fine_bits) + first_octave;
  auto fine = bucket & ((1U << fine_bits) - 1);
  auto width = std::uint64_t{1} << (octave - fine_bits);
  return (std::uint64_t{1} << octave) + fine * width + width / 2;
}

void histogram::add(duration took) {
  auto ns = took < duration{} ? duration{} : took;
  ++counts_[bucket_of(static_cast<std::uint64_t>(ns.count()))];
  ++count_;
  max_ = std::max(max_, ns);
}

void histogram::add(const histogram& other) {
  for (std::size_t i = 0; i < buckets; ++i)
    counts_[i] += other.counts_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

duration histogram::quantile(double share) const {
  if (count_ == 0)
    return {};
  auto wanted = std::max<std::uint64_t>(
    1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_))));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets; ++i) {
    seen += counts_[i];
    if (seen >= wanted)
      return std::min(max_, duration{static_cast<duration::rep>(middle_of(i))});
  }
  return max_;
}

} // namespace troupe::bench
