// Faults right behind a step of a core: the worst moments.
#include "tests/simulation/faults.hpp"

namespace troupe::sim {

void faults::crash_at_step(std::size_t) {
  armed_ = static_cast<boundary>(c_.world.random().below(boundaries));
}

void faults::at_step(member_id who, boundary what) {
  auto at = c_.place_of(who);
  if (clock_.over() || !at)
    return;
  if (c_.with.story == story::quarrels)
    quarrel(*at, what);
  if (armed_ != what)
    return;
  armed_.reset();
  ++c_.to.count["crashes at a step"];
  ++c_.to.count["crashes at " + std::string{name_of(what)}];
  auto how = c_.world.random().chance(1, 2) ? crash_kind::kill : crash_kind::power;
  c_.world.after(span(0, 3), [this, at = *at, how] { c_.crash(at, how, span(20, 3000)); });
}

/// Figure 3.7 of the thesis, and worse: leaders leave entries behind that nobody else has, or that
/// a majority has and nobody counts; voters forget while the other candidate still asks.
void faults::quarrel(std::size_t at, boundary what) {
  auto& random = c_.world.random();
  auto upto = [&](duration most) { return duration{random.below(std::uint64_t(most / 1ns) + 1)}; };
  auto round = 2 * c_.with.network.most_delay + c_.with.disk.most;
  if (what == boundary::vote_granted && c_.world.now() < split_until_) {
    ++c_.to.count["leaders and voters hunted"];
    auto soon = upto(c_.with.disk.most + c_.with.network.most_delay) + 1ms;
    return c_.world.after(soon, [this, at] { c_.crash(at, crash_kind::kill, span(2, 30)); });
  }
  auto dice = what == boundary::leader_won ? random.below(10) : 9;
  if (dice > 6)
    return;
  ++c_.to.count["leaders and voters hunted"];
  if (dice > 3)
    return c_.world.after(upto(3 * round),
                          [this, at] { c_.crash(at, crash_kind::kill, span(20, 500)); });
  const auto& name = c_.members[at].name; // its first entry gets to its disk and nowhere else
  for (const auto& m : c_.members)
    if (m.name != name)
      c_.network.cut(name, m.name);
  c_.world.after(c_.with.disk.most + upto(5ms) + 1ms, [this, at, name] {
    c_.crash(at, crash_kind::kill, span(50, 800));
    for (const auto& m : c_.members)
      c_.network.heal(name, m.name);
  });
}

/// Two that do not see each other both want to lead, and the third is asked by both.
void faults::split_vote(std::size_t v) {
  auto leader = c_.leader();
  auto third = leader ? *leader : v;
  auto a = other_than(third);
  auto b = other_than(third);
  if (a == b)
    return;
  ++c_.to.count["votes split"];
  auto one = c_.members[a].name;
  auto other = c_.members[b].name;
  c_.network.partition({one}, {other});
  split_until_ = c_.world.now() + 1500ms;
  c_.crash(third, crash_kind::kill, span(2, 30));
  c_.world.after(span(500, 2500), [this, one, other] {
    c_.network.heal(one, other);
    c_.network.heal(other, one);
  });
}

} // namespace troupe::sim
