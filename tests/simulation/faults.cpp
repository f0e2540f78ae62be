#include "tests/simulation/faults.hpp"

#include "actors/storage/members.hpp"
#include "tests/simulation/outside.hpp"

namespace troupe::sim {

const std::vector<std::string>& fault_kinds() {
  static const std::vector<std::string> out = {
    "slow wires",   "links reset",   "one-way partitions", "two-way partitions", "processes killed",
    "power cuts",   "writes torn",   "blackouts",          "disks stalled",      "disks full",
    "clocks moved", "actors killed", "frames lost"};
  return out;
}

std::vector<std::string> store_fault_kinds() {
  auto out = fault_kinds();
  for (const auto* more :
       {"clogged wires", "partial partitions", "letters repeated", "letters late",
        "processes paused", "leaders handed over", "crashes at a step", "syncs failed",
        "masters joined", "masters removed", "dead masters replaced", "logs rotten",
        "rotten logs refused", "leaders and voters hunted", "votes split"})
    out.emplace_back(more);
  return out;
}

const std::vector<faults::kind>& faults::kinds() {
  constexpr bool alone = true;
  static const std::vector<kind> out = {{8, &faults::slow_wire},
                                        {10, &faults::reset_link},
                                        {10, &faults::cut_one_way},
                                        {12, &faults::cut_both_ways},
                                        {8, &faults::kill},
                                        {8, &faults::cut_power},
                                        {10, &faults::tear_write},
                                        {6, &faults::blackout},
                                        {12, &faults::stall_disk},
                                        {4, &faults::fill_disk},
                                        {5, &faults::move_clock},
                                        {7, &faults::kill_actor},
                                        {8, &faults::cut_one_pair, alone},
                                        {8, &faults::pause, alone},
                                        {5, &faults::hand_over, alone},
                                        {12, &faults::crash_at_step, alone},
                                        {4, &faults::fail_sync, alone},
                                        {6, &faults::rot_log, alone}};
  return out;
}

faults::faults(cluster& c)
    : c_(c), began_(c.world.now()), clock_(c, c.with.fault_every, [this] { strike(); }) {
  c_.laws->at = [this](member_id who, boundary what) { at_step(who, what); };
}

faults::~faults() { c_.laws->at = nullptr; }

/// The leader half of the time.
std::size_t faults::victim() {
  auto leader = c_.leader();
  if (leader && c_.world.random().chance(1, 2))
    return *leader;
  std::vector<std::size_t> those;
  for (std::size_t i = 0; i < c_.members.size(); ++i)
    if (!c_.members[i].retired)
      those.push_back(i);
  return those[c_.world.random().below(those.size())];
}

std::size_t faults::other_than(std::size_t v) {
  return (v + c_.world.random().between(1, c_.members.size() - 1)) % c_.members.size();
}

void faults::strike() {
  auto v = victim();
  if (c_.world.now() - began_ > c_.with.active / 2) { // what every run must have seen
    if (!c_.to.count.contains("crashes that lost unsynced bytes"))
      return tear_write(v);
    if (c_.scopes->leaders.size() < 2)
      return cut_both_ways(v);
  }
  if (c_.with.story == story::quarrels && c_.world.random().chance(1, 2))
    return split_vote(v);
  bool alone = c_.with.nodes == 0;
  std::uint64_t all = 0;
  for (const auto& k : kinds())
    all += alone || !k.alone ? k.weight : 0;
  auto dice = c_.world.random().below(all);
  for (const auto& k : kinds()) {
    if (!alone && k.alone)
      continue;
    if (dice < k.weight)
      return (this->*k.strike)(v);
    dice -= k.weight;
  }
}

// -- the network ---------------------------------------------------------------------------------

void faults::slow_wire(std::size_t v) {
  bool clogged = c_.with.nodes == 0 && c_.world.random().chance(1, 3);
  ++c_.to.count[clogged ? "clogged wires" : "slow wires"];
  const auto& a = c_.members[v].name;
  const auto& b = c_.members[other_than(v)].name;
  c_.network.slow(a, b, clogged ? span(800, 3000) : span(5, 400));
  c_.world.after(span(500, 8000), [this, a, b] { c_.network.slow(a, b, 0s); });
}

void faults::reset_link(std::size_t v) {
  ++c_.to.count["links reset"];
  c_.network.reset(c_.members[v].name, c_.members[other_than(v)].name);
}

void faults::partition(std::size_t v, bool both_ways) {
  ++c_.to.count[both_ways ? "two-way partitions" : "one-way partitions"];
  const auto& name = c_.members[v].name;
  bool outwards = c_.world.random().chance(1, 2);
  for (const auto& m : c_.members) {
    if (m.name == name)
      continue;
    if (both_ways || outwards)
      c_.network.cut(name, m.name);
    if (both_ways || !outwards)
      c_.network.cut(m.name, name);
  }
  c_.world.after(span(200, 6000), [this, name] {
    for (const auto& m : c_.members) {
      c_.network.heal(name, m.name);
      c_.network.heal(m.name, name);
    }
  });
}

/// Two do not see each other, and all others see both.
void faults::cut_one_pair(std::size_t v) {
  ++c_.to.count["partial partitions"];
  const auto& a = c_.members[v].name;
  const auto& b = c_.members[other_than(v)].name;
  c_.network.partition({a}, {b});
  c_.world.after(span(200, 8000), [this, a, b] {
    c_.network.heal(a, b);
    c_.network.heal(b, a);
  });
}

// -- processes -----------------------------------------------------------------------------------

void faults::kill(std::size_t v) {
  c_.to.count["processes killed"] += c_.up(v) ? 1 : 0;
  c_.crash(v, crash_kind::kill, span(50, 4000));
}

void faults::cut_power(std::size_t v) {
  c_.to.count["power cuts"] += c_.up(v) ? 1 : 0;
  c_.crash(v, crash_kind::power, span(50, 6000));
}

/// The power goes everywhere at once and comes back in any order; half of the times after the disks
/// of all but one had stalled.
void faults::blackout(std::size_t spared) {
  ++c_.to.count["blackouts"];
  duration left{};
  if (c_.world.random().chance(1, 2)) {
    left = span(100, 1400);
    for (std::size_t i = 0; i < c_.members.size(); ++i)
      if (i != spared && c_.up(i))
        c_.members[i].now->writer->stall(1500ms);
  }
  c_.world.after(left, [this] {
    if (clock_.over())
      return;
    for (std::size_t i = 0; i < c_.members.size(); ++i)
      c_.crash(i, crash_kind::power, span(50, 5000));
  });
}

void faults::move_clock(std::size_t v) {
  ++c_.to.count["clocks moved"];
  if (c_.up(v))
    c_.world.skew(c_.members[v].now->process, span(0, 120'000) - 60s);
}

void faults::kill_actor(std::size_t v) {
  c_.to.count["actors killed"] += c_.kill_an_actor(v) ? 1 : 0;
}

/// Shorter and longer than an election takes, and than a link needs to be given up.
void faults::pause(std::size_t v) {
  c_.to.count["processes paused"] += c_.up(v) && !c_.paused(v) ? 1 : 0;
  c_.pause(v, span(100, 5000));
}

/// As a master that stops in order does it: it hands over, then it ends.
void faults::hand_over(std::size_t) {
  auto leader = c_.leader();
  if (!leader)
    return;
  ++c_.to.count["leaders handed over"];
  auto l = c_.members[*leader].now;
  auto leaving = caf::actor_cast<storage::leaving_actor>(l->replica.slot().address());
  ask(c_.world, leaving, storage::hand_over{}, 3s,
      [this, at = *leader, was = l.get()](const result<storage::handed_over>&) {
        if (!clock_.over() && c_.members[at].now.get() == was)
          c_.crash(at, crash_kind::kill, span(20, 1500));
      });
}

// -- disks ---------------------------------------------------------------------------------------

void faults::tear_write(std::size_t v) {
  c_.to.count["writes torn"] += c_.up(v) ? 1 : 0;
  c_.fail_disk(v, c_.world.random().between(1, 6), span(50, 6000));
}

void faults::stall_disk(std::size_t v) {
  ++c_.to.count["disks stalled"];
  if (!c_.up(v))
    return;
  auto stall = c_.world.random().chance(1, 4) ? span(2500, 9000) : span(50, 2500);
  auto which = c_.world.random().below(3);
  if (which != 0)
    c_.members[v].now->writer->stall(stall);
  if (which != 1)
    c_.members[v].now->reader->stall(stall);
}

void faults::fill_disk(std::size_t v) {
  ++c_.to.count["disks full"];
  c_.members[v].disk->set_full(true);
  c_.members[v].rows->fill_disk(true);
  c_.world.after(span(200, 4000), [this, v] {
    c_.members[v].disk->set_full(false);
    c_.members[v].rows->fill_disk(false);
  });
}

void faults::fail_sync(std::size_t v) {
  c_.to.count["syncs failed"] += c_.up(v) ? 1 : 0;
  c_.fail_sync(v);
}

/// One at a time, and where somebody is there to replace the master that will not open its log
/// again.
void faults::rot_log(std::size_t v) {
  if (c_.with.story != story::members || !c_.can_lose_one())
    return;
  if (!c_.members[v].leaving && c_.rot(v)) {
    ++c_.to.count["logs rotten"];
    if (c_.world.random().chance(1, 2))
      c_.crash(v, crash_kind::kill, span(50, 2000));
  }
}

// -- the end -------------------------------------------------------------------------------------

void faults::heal() {
  clock_.stop();
  c_.network.heal_all();
  for (std::size_t i = 0; i < c_.members.size(); ++i) {
    for (std::size_t j = 0; j < c_.members.size(); ++j)
      if (i != j)
        c_.network.slow(c_.members[i].name, c_.members[j].name, 0s);
    c_.members[i].disk->set_full(false);
    c_.members[i].rows->fill_disk(false);
    c_.resume(i);
    if (!c_.up(i))
      c_.start(i);
  }
}

} // namespace troupe::sim
