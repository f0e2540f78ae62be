// Leadership transfer (thesis 3.10).
#include "store/raft/core.hpp"

namespace troupe::raft {

void core::on(const transfer_leadership& t, effects& out) {
  auto* l = std::get_if<leader>(&role_);
  if (!l)
    return;
  auto target = t.to == nobody ? best_successor() : t.to;
  if (target == nobody || target == options_.self || !members().is_voter(target))
    return;
  l->transfer_to = target;
  elapsed_ = 0; // given up when the next check of the quorum is due
  offer_leadership(target, l->peers[target], out);
}

// Once the target has everything; repeated with the heartbeats, should the letter be lost.
void core::offer_leadership(member_id id, const progress& p, effects& out) {
  if (std::get<leader>(role_).transfer_to == id && p.match == log_.last().index)
    out.send_now.push_back(to(id, timeout_now{}));
}

// Of those that answer the one that has most; if none answers, of all.
member_id core::best_successor() const {
  const auto& l = std::get<leader>(role_);
  auto better = [](const progress& a, const progress& b) {
    return a.active != b.active ? a.active : a.match > b.match;
  };
  member_id best{};
  for (const auto& [id, p] : l.peers) {
    if (members().is_voter(id) && (best == nobody || better(p, l.peers.at(best))))
      best = id;
  }
  return best;
}

// A leader whose disk stalls commits by the others' writes but applies nothing, so nobody who wrote
// through it gets an answer. It hands over to a voter that has written what it could not: where all
// disks stall (they may be one) there is none, and quarrelling would make it worse.
void core::escape_stall(leader& l, effects& out) {
  if (!disk_stalls() || l.transfer_to != nobody)
    return;
  auto next = best_successor();
  if (next == nobody)
    return;
  const auto& p = l.peers.at(next);
  if (p.active && p.match > durable_)
    on(transfer_leadership{next}, out);
}

void core::take(const letter&, const timeout_now&, effects& out) {
  if (can_campaign() && !std::holds_alternative<leader>(role_))
    start_campaign(vote_kind::real, true, out);
}

} // namespace troupe::raft
