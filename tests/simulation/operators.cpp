#include "tests/simulation/operators.hpp"

#include "actors/storage/peer.hpp"
#include "tests/simulation/outside.hpp"

namespace troupe::sim {
namespace {

constexpr duration ask_again = 700ms;
constexpr std::size_t fewest = 3;
constexpr std::size_t most = 5;

storage::peer_actor peer_of(const life& l) {
  return caf::actor_cast<storage::peer_actor>(l.replica.slot().address());
}

} // namespace

operators::operators(cluster& c) : c_(c), clock_(c, 9s, [this] { change(); }) {}

/// All that belong to the group, as far as is known, and are to.
std::vector<std::size_t> operators::staying() const {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < c_.members.size(); ++i)
    if (!c_.members[i].leaving)
      out.push_back(i);
  return out;
}

std::optional<std::size_t> operators::somebody_up() {
  std::vector<std::size_t> there;
  for (auto i : staying())
    if (c_.up(i))
      there.push_back(i);
  if (there.empty())
    return std::nullopt;
  return there[c_.world.random().below(there.size())];
}

bool operators::idle() {
  if (!busy_)
    remove_lost();
  return !busy_;
}

bool operators::remove_lost() {
  for (std::size_t i = 0; i < c_.members.size(); ++i)
    if (auto& m = c_.members[i]; m.lost && !m.removed) {
      busy_ = replacing_ = true;
      ask_out(i);
      return true;
    }
  return false;
}

void operators::change() {
  if (busy_ || remove_lost())
    return;
  auto size = staying().size();
  if (replacing_ || size < fewest)
    return grow();
  auto dice = c_.world.random().below(3);
  if (c_.can_lose_one() && (dice == 0 || (dice == 1 && size > fewest)))
    return shrink(dice == 0);
  if (size < most)
    grow();
}

void operators::grow() {
  busy_ = true;
  replacing_ = false;
  ask_in(c_.add());
}

void operators::ask_in(std::size_t at) {
  auto through = somebody_up();
  auto again = [this, at] { c_.world.after(ask_again, [this, at] { ask_in(at); }); };
  if (!through || *through == at)
    return again();
  const auto& name = c_.members[at].name;
  ask(c_.world, peer_of(*c_.members[*through].now),
      storage::ask_to_join{storage::member_of(name), address_of(name)}, 6s,
      [this, again](const result<storage::join_answered>& r) {
        if (!r || !r->accepted)
          return again();
        ++c_.to.count["masters joined"];
        busy_ = false;
      });
}

/// A dead one never comes back, and another one joins in its place.
void operators::shrink(bool dead) {
  busy_ = true;
  replacing_ = dead;
  auto those = staying();
  auto leader = c_.leader();
  auto at = those[c_.world.random().below(those.size())];
  if (leader && !c_.members[*leader].leaving && c_.world.random().chance(1, 3))
    at = *leader;
  c_.members[at].leaving = true;
  if (dead)
    c_.retire(at);
  ask_out(at);
}

void operators::ask_out(std::size_t at) {
  auto again = [this, at] { c_.world.after(ask_again, [this, at] { ask_out(at); }); };
  auto through = somebody_up();
  if (!through)
    return again();
  ask(c_.world, peer_of(*c_.members[*through].now),
      storage::remove_member{c_.members[at].name, false}, 14s,
      [this, at, again](const result<storage::member_removed>& r) {
        if (!r && r.error().reason != reason::not_found)
          return again();
        ++c_.to.count[replacing_ ? "dead masters replaced" : "masters removed"];
        c_.members[at].removed = true;
        busy_ = false;
      });
}

} // namespace troupe::sim
