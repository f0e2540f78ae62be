#include "tests/simulation/faults.hpp"

namespace troupe::sim {

const std::vector<std::string>& fault_kinds() {
  static const std::vector<std::string> out = {
    "slow wires",   "links reset",   "one-way partitions", "two-way partitions", "processes killed",
    "power cuts",   "writes torn",   "blackouts",          "disks stalled",      "disks full",
    "clocks moved", "actors killed", "frames lost"};
  return out;
}

faults::faults(cluster& c) : c_(c), began_(c.world.now()) { later(); }

duration faults::span(std::uint64_t least_ms, std::uint64_t most_ms) {
  return std::chrono::milliseconds{c_.world.random().between(least_ms, most_ms)};
}

void faults::later() {
  auto mean = static_cast<std::uint64_t>(c_.with.fault_every / 1ms);
  c_.world.after(span(mean / 4, mean * 7 / 4), [this] {
    if (over_)
      return;
    strike();
    later();
  });
}

/// The leader half of the time.
std::size_t faults::victim() {
  auto leader = c_.leader();
  if (leader && c_.world.random().chance(1, 2))
    return *leader;
  return c_.world.random().below(c_.members.size());
}

bool faults::lacks_leader_change() const { return c_.scopes->leaders.size() < 2; }

void faults::strike() {
  auto v = victim();
  auto other = (v + c_.world.random().between(1, c_.members.size() - 1)) % c_.members.size();
  auto dice = c_.world.random().below(100);
  if (c_.world.now() - began_ > c_.with.active / 2) { // what every run must have seen
    if (!c_.to.count.contains("crashes that lost unsynced bytes"))
      dice = 60;
    else if (lacks_leader_change())
      dice = 30;
  }
  auto& count = c_.to.count;
  if (dice < 8) {
    slow_wire();
  } else if (dice < 18) {
    ++count["links reset"];
    c_.network.reset(c_.members[v].name, c_.members[other].name);
  } else if (dice < 28) {
    partition(v, false);
  } else if (dice < 40) {
    partition(v, true);
  } else if (dice < 48) {
    count["processes killed"] += c_.up(v) ? 1 : 0;
    c_.crash(v, crash_kind::kill, span(50, 4000));
  } else if (dice < 56) {
    count["power cuts"] += c_.up(v) ? 1 : 0;
    c_.crash(v, crash_kind::power, span(50, 6000));
  } else if (dice < 66) {
    count["writes torn"] += c_.up(v) ? 1 : 0;
    c_.fail_disk(v, c_.world.random().between(1, 6), span(50, 6000));
  } else if (dice < 72) {
    blackout();
  } else if (dice < 84) {
    ++count["disks stalled"];
    if (c_.up(v)) {
      auto stall = span(50, 2500);
      auto which = c_.world.random().below(3);
      if (which != 0)
        c_.members[v].now->writer->stall(stall);
      if (which != 1)
        c_.members[v].now->reader->stall(stall);
    }
  } else if (dice < 88) {
    full_disk(v);
  } else if (dice < 93) {
    ++count["clocks moved"];
    if (c_.up(v))
      c_.world.skew(c_.members[v].now->process, span(0, 120'000) - 60s);
  } else {
    count["actors killed"] += c_.kill_an_actor(v) ? 1 : 0;
  }
}

void faults::slow_wire() {
  ++c_.to.count["slow wires"];
  auto from = c_.world.random().below(c_.members.size());
  auto to = (from + 1 + c_.world.random().below(2)) % c_.members.size();
  const auto& a = c_.members[from].name;
  const auto& b = c_.members[to].name;
  c_.network.slow(a, b, span(5, 400));
  c_.world.after(span(500, 8000), [this, a, b] { c_.network.slow(a, b, 0s); });
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

/// The power goes everywhere at once and comes back in any order; half of the times after the disks
/// of all but one had stalled.
void faults::blackout() {
  ++c_.to.count["blackouts"];
  duration left{};
  if (c_.world.random().chance(1, 2)) {
    left = span(100, 1400);
    auto spared = victim();
    for (std::size_t i = 0; i < c_.members.size(); ++i)
      if (i != spared && c_.up(i))
        c_.members[i].now->writer->stall(1500ms);
  }
  c_.world.after(left, [this] {
    if (over_)
      return;
    for (std::size_t i = 0; i < c_.members.size(); ++i)
      c_.crash(i, crash_kind::power, span(50, 5000));
  });
}

void faults::full_disk(std::size_t v) {
  ++c_.to.count["disks full"];
  c_.members[v].disk->set_full(true);
  c_.members[v].rows->fill_disk(true);
  c_.world.after(span(200, 4000), [this, v] {
    c_.members[v].disk->set_full(false);
    c_.members[v].rows->fill_disk(false);
  });
}

void faults::heal() {
  over_ = true;
  c_.network.heal_all();
  for (std::size_t i = 0; i < c_.members.size(); ++i) {
    for (std::size_t j = 0; j < c_.members.size(); ++j)
      if (i != j)
        c_.network.slow(c_.members[i].name, c_.members[j].name, 0s);
    c_.members[i].disk->set_full(false);
    c_.members[i].rows->fill_disk(false);
    if (!c_.up(i))
      c_.start(i);
  }
}

} // namespace troupe::sim
