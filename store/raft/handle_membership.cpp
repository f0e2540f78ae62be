// One change of membership at a time (thesis 4.1 to 4.3).
#include "store/raft/core.hpp"

#include <algorithm>

namespace troupe::raft {

void core::on(const change_membership& c, effects& out) {
  auto answer_with = [&](verdict v, log_position at = {}) {
    out.answers.push_back({c.ticket, v, at, known_leader()});
  };
  auto* l = std::get_if<leader>(&role_);
  if (!l)
    return answer_with(verdict::not_leader);
  if (l->transfer_to != nobody)
    return answer_with(verdict::transferring);
  // Also not before an entry of our own term is committed: else two leaders could each change the
  // same old configuration (Ongaro on raft-dev, 2015: "bug in single-server membership changes").
  if (log_.members_index() > commit_ || !own_term_committed())
    return answer_with(verdict::pending);
  if (const auto* p = std::get_if<promote>(&c.change)) {
    const auto* learner = peer(p->id);
    if (learner && learner->match + options_.promote_lag < log_.last().index)
      return answer_with(verdict::not_caught_up);
  }
  auto next = changed(members(), c.change);
  if (!next)
    return answer_with(verdict::refused);
  append_own(entry_kind::configuration, share(encode(*next)));
  follow_members();
  answer_with(verdict::accepted, log_.last());
}

// Keeps one progress per other member. A removed one is still sent to until its removal is
// committed.
void core::follow_members() {
  auto& l = std::get<leader>(role_);
  for (auto& [id, p] : l.peers)
    p.leaving = members().find(id) == nullptr;
  for (const auto& m : members().members) {
    if (m.id != options_.self && !l.peers.contains(m.id))
      l.peers[m.id].next = log_.last().index + 1;
  }
}

void core::committed_membership(effects& out) {
  auto& l = std::get<leader>(role_);
  for (auto i = l.peers.begin(); i != l.peers.end();) {
    auto& [id, p] = *i;
    if (!p.leaving) {
      ++i;
      continue;
    }
    end_snapshot(id, p, out);
    if (log_.term_at(p.next - 1)) // lets it know that it is out, if it can
      send_append(id, p, {}, out);
    i = l.peers.erase(i);
  }
  if (members().is_voter(options_.self))
    return;
  // 4.2.2: it has managed a group without itself until here. The best of the others goes on at
  // once.
  pump(out);
  if (auto best = best_successor(); best != nobody)
    out.send_now.push_back(to(best, timeout_now{}));
  become_follower(ballot_.term, nobody, out);
}

} // namespace troupe::raft
