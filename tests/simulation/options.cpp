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
  named{bug::commit_older_term_by_counting, "commit_older_term_by_counting"},
  named{bug::vote_twice_after_restart, "vote_twice_after_restart"},
  named{bug::skip_read_index_round, "skip_read_index_round"},
  named{bug::cut_what_is_not_durable, "cut_what_is_not_durable"},
  named{bug::apply_twice_after_restart, "apply_twice_after_restart"},
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

std::string_view name_of(story s) {
  static constexpr std::array<std::string_view, 3> all{"weather", "quarrels", "members"};
  return all[static_cast<std::size_t>(s)];
}

std::optional<story> story_of(std::string_view name) {
  for (auto s : {story::weather, story::quarrels, story::members})
    if (name_of(s) == name)
      return s;
  return std::nullopt;
}

void tune(raft::options& core, const options& with) {
  core.keep_entries = with.keep_entries;
  core.max_batch_bytes = with.batch_bytes;
  core.chunk_bytes = with.chunk_bytes;
  core.mutants.acknowledge_before_sync = with.bug == bug::acknowledge_before_sync;
  core.mutants.commit_older_term_by_counting = with.bug == bug::commit_older_term_by_counting;
  core.mutants.vote_twice_after_restart = with.bug == bug::vote_twice_after_restart;
  core.mutants.skip_read_index_round = with.bug == bug::skip_read_index_round;
  core.mutants.cut_what_is_not_durable = with.bug == bug::cut_what_is_not_durable;
}

namespace {

/// Every other seed is about something.
void draw_story(options& o, random_source& r) {
  o.batch_bytes = pick(r, std::array<std::uint64_t, 3>{1, 300, 1U << 20});
  o.chunk_bytes = pick(r, std::array<std::uint64_t, 3>{200, 4096, 1U << 20});
  o.bad_mail = r.chance(1, 3);
  auto dice = r.below(8);
  if (dice < 4)
    return;
  if (dice < 6) {
    o.story = story::members;
    return;
  }
  o.story = story::quarrels;
  o.masters = r.chance(2, 3) ? 3 : 5;
  o.active = std::chrono::seconds{r.between(30, 40)};
  o.think = std::chrono::milliseconds{r.between(60, 200)};
  o.batch_bytes = 1;
  o.fault_every = std::chrono::milliseconds{r.between(500, 1200)};
  o.disk.most = pick(r, std::array<duration, 2>{500us, 10ms});
  o.network.most_delay = pick(r, std::array<duration, 3>{500us, 10ms, 30ms});
  o.least_operations = 150;
}

} // namespace

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
  o.least_operations = 300;
  draw_story(o, r);
  return o;
}

std::string describe(const options& o) {
  return "seed " + std::to_string(o.seed) + ": " + std::string{name_of(o.story)} + " of "
         + std::to_string(o.masters) + ", active " + text(o.active)
         + (o.nodes == 0 ? std::string{} : ", nodes " + std::to_string(o.nodes)) + ", clients "
         + std::to_string(o.clients) + ", watchers " + std::to_string(o.watchers) + ", keys "
         + std::to_string(o.keys) + ", think " + text(o.think) + ", network "
         + text(o.network.most_delay) + ", disk " + text(o.disk.most) + ", a fault every "
         + text(o.fault_every) + ", segments " + std::to_string(o.segment_bytes) + ", flush "
         + std::to_string(o.flush_entries) + ", keep " + std::to_string(o.keep_entries)
         + ", compact after " + text(o.compact_after) + ", batch " + std::to_string(o.batch_bytes)
         + ", chunk " + std::to_string(o.chunk_bytes) + (o.bad_mail ? ", bad mail" : "") + ", bug "
         + std::string{name_of(o.bug)};
}

} // namespace troupe::sim
