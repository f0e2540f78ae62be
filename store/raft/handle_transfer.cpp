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

member_id core::best_successor() const {
  const auto& l = std::get<leader>(role_);
  member_id best{};
  for (const auto& [id, p] : l.peers) {
    if (members().is_voter(id) && (best == nobody || p.match > l.peers.at(best).match))
      best = id;
  }
  return best;
}

void core::take(const letter&, const timeout_now&, effects& out) {
  if (can_campaign() && !std::holds_alternative<leader>(role_))
    start_campaign(vote_kind::real, true, out);
}

} // namespace troupe::raft
