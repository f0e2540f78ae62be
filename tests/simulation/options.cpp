#include "tests/simulation/options.hpp"

#include <array>

namespace troupe::sim {
namespace {

struct named {
  bug what;
  std::string_view name;
};
constexpr std::array names{
  named{bug::none, "none"},
  named{bug::acknowledge_before_sync, "acknowledge_before_sync"},
  named{bug::drop_event_on_leader_change, "drop_event_on_leader_change"},
  named{bug::ignore_fence, "ignore_fence"},
};

std::string text(duration d) {
  return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(d).count()) + "us";
}

template <class T, std::size_t n> T pick(random_source& r, const std::array<T, n>& from) {
  return from[r.below(n)];
}

} // namespace

std::optional<bug> bug_of(std::string_view name) {
  for (const auto& n : names)
    if (n.name == name)
      return n.what;
  return std::nullopt;
}

std::string_view name_of(bug b) {
  for (const auto& n : names)
    if (n.what == b)
      return n.name;
  return "?";
}

options draw(std::uint64_t seed, bug b) {
  random_source r{seed ^ 0x6f7074696f6e7321U};
  options o;
  o.seed = seed;
  o.bug = b;
  o.active = std::chrono::seconds{r.between(60, 75)};
  o.clients = r.between(3, 6);
  o.watchers = r.between(3, 6);
  o.keys = r.between(4, 16);
  o.think = std::chrono::milliseconds{r.between(200, 600)};
  o.network.most_delay = pick(r, std::array<duration, 4>{500us, 2ms, 10ms, 30ms});
  o.disk.most = pick(r, std::array<duration, 4>{500us, 2ms, 10ms, 40ms});
  o.fault_every = std::chrono::milliseconds{r.between(600, 3000)};
  o.segment_bytes = pick(r, std::array<std::uint64_t, 3>{8192, 16384, 65536});
  o.flush_entries = pick(r, std::array<std::uint64_t, 3>{20, 100, 1000});
  o.keep_entries = pick(r, std::array<std::uint64_t, 3>{5, 50, 500});
  o.compact_after = pick(r, std::array<duration, 3>{15s, 30s, 1h});
  return o;
}

std::string describe(const options& o) {
  return "seed " + std::to_string(o.seed) + ": active " + text(o.active)
         + (o.nodes == 0 ? std::string{} : ", nodes " + std::to_string(o.nodes)) + ", clients "
         + std::to_string(o.clients) + ", watchers " + std::to_string(o.watchers) + ", keys "
         + std::to_string(o.keys) + ", think " + text(o.think) + ", network "
         + text(o.network.most_delay) + ", disk " + text(o.disk.most) + ", a fault every "
         + text(o.fault_every) + ", segments " + std::to_string(o.segment_bytes) + ", flush "
         + std::to_string(o.flush_entries) + ", keep " + std::to_string(o.keep_entries)
         + ", compact after " + text(o.compact_after) + ", bug " + std::string{name_of(o.bug)};
}

} // namespace troupe::sim
