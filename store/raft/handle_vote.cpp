// Elections: thesis 3.4, pre-vote 9.6, disruptive servers 4.2.3.
#include "store/raft/core.hpp"
#include "store/raft/quorum.hpp"

namespace troupe::raft {

bool core::can_campaign() const {
  // 4.2.2: a removed voter may still be needed until its removal is committed: it may be the only
  // one whose log is long enough to win.
  bool voter =
    members().is_voter(options_.self)
    || (log_.members_index() > commit_ && log_.members_at(commit_).is_voter(options_.self));
  // Whose disk stalls could neither make its vote durable nor apply anything as a leader.
  return voter && !disk_stalls() && !(incoming_ && incoming_->installing);
}

void core::on(const campaign&, effects& out) {
  if (can_campaign() && !std::holds_alternative<leader>(role_))
    start_campaign(vote_kind::pre, false, out);
}

// The leader's process is gone, so all its connections are reset at once: no reason to sit out the
// timeout.
void core::on(const connection_reset& r, effects& out) {
  if (auto* p = peer(r.peer); p && !std::holds_alternative<snapshotting>(p->way))
    p->probe();
  if (r.peer == nobody || std::holds_alternative<leader>(role_) || known_leader() != r.peer)
    return;
  become_follower(ballot_.term, nobody, out);
  if (can_campaign())
    start_campaign(vote_kind::pre, false, out);
}

void core::start_campaign(vote_kind phase, bool transfer, effects& out) {
  leave_role(out);
  candidate c{.phase = phase, .transfer = transfer, .votes = {}, .own_vote = {}};
  if (phase == vote_kind::pre)
    ++campaigns_;
  if (phase == vote_kind::real)
    ballot_ = {ballot_.term + 1, options_.self}; // its own vote counts once this is durable
  else
    c.votes[options_.self] = true;
  role_ = std::move(c);
  reset_timer();
  beat_ = 0;
  ask_for_votes(out);
  count_votes(out);
}

// Asks those who have not answered; repeated with the heartbeat's period, since letters get lost.
void core::ask_for_votes(effects& out) {
  const auto& c = std::get<candidate>(role_);
  for (const auto& m : members().members) {
    if (m.role != member_role::voter || m.id == options_.self || c.votes.contains(m.id))
      continue;
    ask_for_vote(m.id, out);
  }
}

void core::ask_for_vote(member_id voter, effects& out) {
  const auto& c = std::get<candidate>(role_);
  auto request = to(voter, vote_request{c.phase, log_.last(), c.transfer});
  if (c.phase == vote_kind::pre) {
    request.term = ballot_.term + 1;
    out.send_now.push_back(std::move(request));
  } else {
    // After the sync: whoever grants this vote relies on our never asking for the same term with
    // another log.
    out.send_after_sync.push_back(std::move(request));
  }
}

void core::count_votes(effects& out) {
  const auto& c = std::get<candidate>(role_);
  switch (tally(members(), c.votes)) {
  case poll::open: return;
  case poll::lost: return become_follower(ballot_.term, nobody, out);
  case poll::won: break;
  }
  if (c.phase == vote_kind::pre)
    start_campaign(vote_kind::real, c.transfer, out);
  else
    become_leader(out);
}

void core::take(const letter& l, const vote_request& v, effects& out) {
  bool grant = v.last >= log_.last(); // 3.6.1
  if (v.kind == vote_kind::real) {
    // A learner votes too: its own log may lag behind its promotion (4.2.1).
    bool free =
      ballot_.voted_for == l.from || (ballot_.voted_for == nobody && known_leader() == nobody);
    grant = grant && free;
    if (!grant) {
      out.send_now.push_back(to(l.from, vote_answer{v.kind, false}));
      return;
    }
    ballot_.voted_for = l.from;
    reset_timer();
    out.send_after_sync.push_back(to(l.from, vote_answer{v.kind, true}));
    return;
  }
  grant = grant && l.term > ballot_.term;
  bool yield = false;
  if (const auto* c = std::get_if<candidate>(&role_); c && c->phase == vote_kind::pre && grant) {
    // A reset connection wakes all followers at the same instant. Of those who would all win each
    // other's pre-vote, and then split the vote, the one with the best log and then the highest id
    // goes on; the others stand back. Refusing a pre-vote is always safe. One whose campaign has
    // come to nothing stands back too: it may reach fewer than those that it would win against.
    grant = v.last > log_.last() || l.from > options_.self || campaigns_ > 1;
    yield = grant;
    if (!grant && c->votes.count(l.from) == 0)
      ask_for_vote(l.from, out); // it may have ignored us while it still heard the old leader
  }
  auto answer = to(l.from, vote_answer{v.kind, grant});
  if (grant)
    answer.term = l.term;
  out.send_now.push_back(std::move(answer));
  if (yield)
    become_follower(ballot_.term, nobody, out);
}

void core::take(const letter& l, const vote_answer& v, effects& out) {
  auto* c = std::get_if<candidate>(&role_);
  if (!c || c->phase != v.kind)
    return;
  if (v.kind == vote_kind::pre && v.granted && l.term != ballot_.term + 1)
    return; // of an earlier campaign
  c->votes[l.from] = v.granted;
  count_votes(out);
}

void core::become_leader(effects& out) {
  leave_role(out);
  role_ = leader{};
  campaigns_ = 0;
  elapsed_ = 0;
  beat_ = 0;
  follow_members();
  std::get<leader>(role_).first = log_.last().index + 1;
  // 6.4: only with an entry of its own term can it know what is committed.
  append_own(entry_kind::empty, nullptr);
}

} // namespace troupe::raft
