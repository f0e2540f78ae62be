#include "tests/simulation/scenario.hpp"

#include "tests/simulation/checks.hpp"
#include "tests/simulation/faults.hpp"

#include <algorithm>
#include <filesystem>

namespace troupe::sim {
namespace {

constexpr std::uint64_t least_operations = 300;
constexpr duration look_every = 500ms;
constexpr duration heal_within = 40s;

struct run_of {
  explicit run_of(const options& o) : c(o, out), who(c), watching(c), past(c), wrong(c) { look(); }

  void look() {
    past.look();
    c.world.after(look_every, [this] { look(); });
  }

  /// Until everything that a run must have met was met.
  void suffer() {
    c.world.advance(c.with.active);
    bool enough = c.world.run_until(
      [&] {
        return who.started() >= least_operations && c.scopes->leaders.size() >= 2
               && out.count.contains("crashes that lost unsynced bytes");
      },
      180s);
    if (!enough && c.with.bug == bug::none)
      out.violation("the run is too quiet: " + std::to_string(who.started()) + " operations, "
                    + std::to_string(c.scopes->leaders.size()) + " leaders");
  }

  bool agreed() const {
    const auto& first = c.members.front();
    return std::all_of(c.members.begin(), c.members.end(), [&](const member& m) {
      return m.now && first.now
             && m.now->state->facts().applied == first.now->state->facts().applied;
    });
  }

  /// Asks until it is answered; the last power cut may still be ahead.
  template <class A, class Q>
  void expect(std::size_t at, const A& handle_of, const Q& question, const char* what) {
    auto end = c.world.now() + heal_within;
    std::string why = "it is down";
    for (; c.world.now() < end; c.world.advance(100ms)) {
      if (!c.up(at))
        continue;
      auto handle = handle_of(*c.members[at].now);
      using answer = kernel::answer_of<decltype(handle), Q>;
      auto r = c.world.ask<answer>(handle, Q{question}, 10s);
      if (r)
        return;
      why = r.error().message;
    }
    out.violation(c.members[at].name + " serves no " + what + " after the last fault: " + why);
  }

  /// Every master serves again: a read through its replica, a watch through its hub.
  void expect_service() {
    for (std::size_t i = 0; i < c.members.size(); ++i) {
      expect(
        i, [](const life& l) { return l.replica.handle(); }, storage::get_view{}, "reads");
      expect(
        i, [](const life& l) { return l.hub.handle(); },
        storage::follow{.prefix = {}, .exact = false, .after = {}}, "watches");
    }
  }

  void recover() {
    wrong.heal();
    auto before = who.succeeded();
    if (!c.world.run_until([&] { return who.succeeded() >= before + 30; }, heal_within))
      out.violation("no progress within 40 s after the last fault: "
                    + std::to_string(who.succeeded() - before) + " operations succeeded");
    expect_service();
    who.stop();
    if (!c.world.run_until([&] { return who.idle(); }, heal_within))
      out.violation("operations never end");
    c.scopes->quiet = true;
    c.world.advance(1s);
    if (!c.world.run_until([&] { return agreed(); }, heal_within))
      out.violation("the replicas do not converge");
    past.look();
    if (!c.world.run_until([&] { return watching.all_reached(past.last()); }, heal_within))
      out.violation("the watches do not catch up with revision " + to_string(past.last()));
    watching.stop();
  }

  void judge() {
    past.look();
    for (const auto& m : c.members)
      if (m.now && c.members.front().now
          && store::state_hash(m.now->state->facts())
               != store::state_hash(c.members.front().now->state->facts()))
        out.violation("the state of " + m.name + " differs from m0's");
    std::filesystem::directory_iterator threads{"/proc/self/task"};
    if (std::distance(begin(threads), end(threads)) != 1)
      out.violation("the world has more than one thread");
    check_writes(past, who, out);
    check_watches(past, watching, out);
    check_scopes(past, out);
    check_linearizable(who, out);
  }

  report out;
  cluster c;
  clients who;
  watchers watching;
  chronicle past;
  faults wrong;
};

} // namespace

report run(const options& o) {
  run_of r{o};
  r.suffer();
  r.recover();
  r.judge();
  r.out.count["leader changes"] += r.c.scopes->leaders.size() - 1; // at least one, see suffer()
  r.out.count["operations"] += r.who.started();
  r.out.count["frames"] += r.c.network.delivered();
  r.out.count["frames lost"] += r.c.network.lost();
  r.out.count["messages"] += r.c.world.handled();
  r.out.hash = r.c.world.hash();
  r.out.virtual_seconds =
    std::chrono::duration<double>(r.c.world.now().time_since_epoch()).count() - 1'767'225'600;
  return r.out;
}

} // namespace troupe::sim
