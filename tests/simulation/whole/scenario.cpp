#include "tests/simulation/whole/scenario.hpp"

#include "tests/simulation/whole/faults.hpp"
#include "tests/simulation/whole/users.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

namespace troupe::sim {
namespace {

constexpr std::uint64_t least_requests = 60;
constexpr duration look_every = 250ms;
constexpr duration warm_up = 30s;      // until masters lead and nodes are Ready, without a fault
constexpr duration rest_within = 180s; // after the last fault
constexpr duration quiet_for = 15s;
constexpr duration agree_within = 10s;

/// Drawn beside the options of the store.
node_clocks clocks_of(const options& o) {
  random_source r{o.seed ^ 0x636c6f636b73U};
  return {.grace = std::chrono::seconds{r.between(4, 12)},
          .toleration = std::chrono::seconds{r.between(2, 20)}};
}

struct run_of {
  explicit run_of(const options& o)
      : c(o, out, whole_program(clocks_of(o))), past(c), known(past, c, out), hollow(c, o.nodes) {
    c.scopes->beat_least_ms = 500;
    c.scopes->beat_most_ms = 2000;
    look();
  }

  void look() {
    past.look();
    known.look();
    c.world.after(look_every, [this] { look(); });
  }

  void begin() {
    if (!rests(warm_up, 1s))
      out.violation("the cluster does not come up: " + known.unrest());
    who.emplace(c, known, c.with.clients);
    wrong.emplace(c);
    wrong_nodes.emplace(c, hollow);
  }

  /// Until it has been at rest for a while.
  bool rests(duration within, duration still) {
    auto end = c.world.now() + within;
    instant since = c.world.now();
    while (c.world.now() < end) {
      c.world.advance(look_every);
      if (!known.at_all() || !known.unrest().empty())
        since = c.world.now();
      else if (c.world.now() - since >= still)
        return true;
    }
    return false;
  }

  void suffer() {
    c.world.advance(c.with.active);
    bool enough = c.world.run_until(
      [&] {
        return who->started() >= least_requests && c.scopes->leaders.size() >= 2
               && out.count.contains("crashes that lost unsynced bytes");
      },
      180s);
    if (!enough && c.with.bug == bug::none)
      out.violation("the run is too quiet: " + std::to_string(who->started()) + " requests, "
                    + std::to_string(c.scopes->leaders.size()) + " leaders");
  }

  void recover() {
    wrong->heal();
    wrong_nodes->heal();
    who->stop();
    if (!c.world.run_until([&] { return who->idle(); }, 40s))
      out.violation("requests never end");
    auto before = c.world.now();
    if (!rests(rest_within, 8s))
      return out.violation("it does not come to rest: " + known.unrest());
    out.count["seconds until rest"] += static_cast<std::uint64_t>((c.world.now() - before) / 1s);
    auto changes = known.changes();
    c.world.advance(quiet_for);
    if (known.changes() != changes)
      out.violation("at rest and still " + std::to_string(known.changes() - changes)
                    + " changes within 15 s, the last of " + known.last_change());
    if (auto why = known.unrest(); !why.empty())
      out.violation("it was at rest and is not any more: " + why);
  }

  bool level() const {
    std::set<log_index> applied;
    for (const auto& m : c.members)
      if (m.now)
        applied.insert(m.now->state->facts().applied);
    return applied.size() <= 1;
  }

  void judge() {
    c.scopes->quiet = true;
    c.world.advance(3s);
    past.look();
    known.finish();
    who->check_promises();
    check_scopes(past, out);
    for (std::size_t i = 0; out.violations.empty() && i < hollow.size(); ++i) {
      auto there = hollow.sandboxes(i);
      std::sort(there.begin(), there.end());
      if (there != known.bound_to(hollow.name(i)))
        out.violation("the runtime of " + hollow.name(i) + " has " + std::to_string(there.size())
                      + " sandboxes for " + std::to_string(known.bound_to(hollow.name(i)).size())
                      + " pods");
    }
    // Leases are renewed for ever: the states are compared where all have applied as much.
    if (!c.world.run_until([&] { return level(); }, agree_within))
      out.violation("the replicas do not converge");
    for (const auto& m : c.members)
      if (m.now && c.members.front().now
          && store::state_hash(m.now->state->facts())
               != store::state_hash(c.members.front().now->state->facts()))
        out.violation("the state of " + m.name + " differs from m0's");
    std::filesystem::directory_iterator threads{"/proc/self/task"};
    if (std::distance(std::filesystem::begin(threads), std::filesystem::end(threads)) != 1)
      out.violation("the world has more than one thread");
  }

  report out;
  cluster c;
  chronicle past;
  facts known;
  nodes hollow;
  std::optional<users> who;
  std::optional<faults> wrong;
  std::optional<node_faults> wrong_nodes;
};

} // namespace

options draw_whole(std::uint64_t seed, bug b) {
  auto o = draw(seed, b);
  random_source r{seed ^ 0x77686f6c65U};
  o.nodes = r.between(3, 6);
  o.active = std::chrono::seconds{r.between(60, 75)};
  o.clients = r.between(2, 4);
  o.think = std::chrono::milliseconds{r.between(1000, 3000)};
  o.fault_every = std::chrono::milliseconds{r.between(2000, 6000)};
  o.story = story::weather;
  o.masters = 3;
  o.bad_mail = false;
  o.batch_bytes = 1U << 20;
  o.chunk_bytes = 1U << 20;
  o.segment_bytes *= 16; // objects are larger than the keys of the store's own runs
  return o;
}

report run_whole(const options& o) {
  run_of r{o};
  r.begin();
  r.suffer();
  r.recover();
  r.judge();
  auto& count = r.out.count;
  count["leader changes"] += r.c.scopes->leaders.empty() ? 0 : r.c.scopes->leaders.size() - 1;
  count["frames"] += r.c.network.delivered();
  count["frames lost"] += r.c.network.lost();
  count["messages"] += r.c.world.handled();
  r.out.hash = r.c.world.hash();
  r.out.virtual_seconds =
    std::chrono::duration<double>(r.c.world.now().time_since_epoch()).count() - 1'767'225'600;
  return r.out;
}

std::vector<std::string> whole_fault_kinds() {
  auto out = fault_kinds();
  out.insert(out.end(), node_fault_kinds().begin(), node_fault_kinds().end());
  return out;
}

} // namespace troupe::sim
