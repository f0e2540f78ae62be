#include "tests/simulation/scenario.hpp"

#include "actors/storage/peer.hpp"
#include "tests/simulation/checks.hpp"
#include "tests/simulation/faults.hpp"
#include "tests/simulation/operators.hpp"

#include <algorithm>
#include <filesystem>

namespace troupe::sim {
namespace {

constexpr duration look_every = 500ms;
constexpr duration heal_within = 40s;

struct run_of {
  explicit run_of(const options& o) : c(o, out), who(c), watching(c), past(c), wrong(c) {
    if (o.story == story::members)
      staff.emplace(c);
    look();
  }

  void look() {
    past.look();
    c.world.after(look_every, [this] { look(); });
  }

  /// Until everything that a run must have met was met.
  void suffer() {
    c.world.advance(c.with.active);
    bool enough = c.world.run_until(
      [&] {
        return who.started() >= c.with.least_operations && c.scopes->leaders.size() >= 2
               && out.count.contains("crashes that lost unsynced bytes");
      },
      180s);
    if (!enough && c.with.bug == bug::none)
      out.violation("the run is too quiet: " + std::to_string(who.started()) + " operations, "
                    + std::to_string(c.scopes->leaders.size()) + " leaders");
  }

  /// Those that are to take part.
  std::vector<std::size_t> staying() const {
    std::vector<std::size_t> those;
    for (std::size_t i = 0; i < c.members.size(); ++i)
      if (!c.members[i].leaving)
        those.push_back(i);
    return those;
  }

  bool agreed() const {
    auto those = staying();
    auto applied = [&](std::size_t i) {
      return c.up(i) ? c.members[i].now->state->facts().applied : log_index{};
    };
    return std::all_of(those.begin(), those.end(), [&](std::size_t i) {
      return applied(i) != log_index{} && applied(i) == applied(those.front());
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
    for (auto i : staying()) {
      expect(
        i, [](const life& l) { return l.replica.handle(); }, storage::get_view{}, "reads");
      expect(
        i, [](const life& l) { return l.hub.handle(); },
        storage::follow{.prefix = {}, .exact = false, .after = {}}, "watches");
    }
  }

  /// Who was removed has ended, and the group consists of the others.
  void expect_members() {
    auto gone = [&] {
      return std::all_of(c.members.begin(), c.members.end(),
                         [&](const member& m) { return !m.leaving || !m.now; });
    };
    if (!c.world.run_until([&] { return staff->idle(); }, heal_within))
      return out.violation("a change of the masters never ends");
    if (!c.world.run_until(gone, heal_within))
      out.violation("a removed master does not stop");
    auto those = staying();
    auto peer =
      caf::actor_cast<storage::peer_actor>(c.members[those.front()].now->replica.slot().address());
    auto all = [&] {
      auto said = c.world.ask<storage::members_listed>(peer, storage::list_members{}, 5s);
      return said && said->members.size() == those.size()
             && std::all_of(said->members.begin(), said->members.end(),
                            [](const auto& m) { return m.role != "learner"; });
    };
    for (auto end = c.world.now() + heal_within; !all(); c.world.advance(200ms))
      if (c.world.now() >= end)
        return out.violation("the group does not consist of the masters that stayed");
  }

  void recover() {
    if (staff)
      staff->stop();
    wrong.heal();
    auto before = who.succeeded();
    if (!c.world.run_until([&] { return who.succeeded() >= before + 30; }, heal_within))
      out.violation("no progress within 40 s after the last fault: "
                    + std::to_string(who.succeeded() - before) + " operations succeeded");
    expect_service();
    if (staff)
      expect_members();
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
    std::optional<std::uint64_t> state;
    for (auto i : staying()) {
      if (!c.up(i))
        continue;
      auto own = store::state_hash(c.members[i].now->state->facts());
      if (state.value_or(own) != own)
        out.violation("the state of " + c.members[i].name + " differs from the others'");
      state = own;
    }
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
  std::optional<operators> staff;
};

} // namespace

report run(const options& o) {
  run_of r{o};
  r.suffer();
  r.recover();
  r.judge();
  r.out.count["leader changes"] += r.c.scopes->leaders.size() - 1; // at least one, see suffer()
  r.out.count["elections won"] += r.c.laws->elections();
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
