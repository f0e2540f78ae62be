// A follower's part in replication (thesis 3.5), and the leader's reaction to its answers.
#include "store/raft/core.hpp"

#include <algorithm>

namespace troupe::raft {

void core::take(const letter& l, const append_request& a, effects& out) {
  if (a.before.index < commit_) // what is committed agrees already
    return answer_append(l.from, append_accepted{commit_}, out);
  if (!log_.contains(a.before)) {
    auto hint = log_.agreement({a.before.term, a.before.index});
    out.send_now.push_back(to(l.from, append_rejected{a.before.index, hint}));
    return;
  }
  for (const auto& e : a.entries) {
    auto here = log_.term_at(e.index);
    if (here == e.term)
      continue;
    if (here)
      cut_tail(e.index);
    log_.append(e);
  }
  auto match = a.before.index + a.entries.size();
  commit_to(std::min(a.commit, match));
  answer_append(l.from, append_accepted{match}, out);
}

void core::answer_append(member_id whom, letter_body body, effects& out) {
  auto& queue = options_.mutants.acknowledge_before_sync ? out.send_now : out.send_after_sync;
  queue.push_back(to(whom, std::move(body)));
}

void core::take(const letter& l, const heartbeat& h, effects& out) {
  commit_to(h.commit);
  out.send_now.push_back(to(l.from, heartbeat_answer{h.round}));
}

void core::take(const letter&, const commit_notice& n, effects&) { commit_to(n.commit); }

void core::take(const letter& l, const append_accepted& a, effects& out) {
  auto* p = peer(l.from);
  if (!p || a.match > log_.last().index)
    return;
  p->active = true;
  bool advanced = a.match > p->match;
  p->match = std::max(p->match, a.match);
  p->next = std::max(p->next, p->match + 1);
  if (auto* flow = std::get_if<replicating>(&p->way)) {
    flow->land(p->match);
  } else if (std::holds_alternative<probing>(p->way)) {
    p->replicate();
  } else if (p->match >= log_.start().at.index) {
    end_snapshot(l.from, *p, out);
    p->replicate();
  } else if (auto mark = std::get<snapshotting>(p->way).mark.at.index;
             mark != log_index{} && p->match >= mark) {
    end_snapshot(l.from, *p, out); // installed, and the log was cut above it in the meantime
    p->probe();
  }
  offer_leadership(l.from, *p, out);
  if (advanced)
    advance_commit(out);
}

// finish() sends the next probe.
void core::take(const letter& l, const append_rejected& r, effects&) {
  auto* p = peer(l.from);
  if (!p)
    return;
  p->active = true;
  if (std::holds_alternative<replicating>(p->way)) {
    if (r.rejected > p->match) // else overtaken by an acceptance
      p->probe();
  } else if (std::holds_alternative<probing>(p->way)) {
    if (r.rejected + 1 != p->next) // the answer to an earlier probe
      return;
    p->next = std::max(std::min(r.rejected, log_.agreement(r.hint).index + 1), p->match + 1);
    p->way = probing{};
  }
}

void core::take(const letter& l, const heartbeat_answer& h, effects& out) {
  auto* p = peer(l.from);
  if (!p)
    return;
  p->active = true;
  p->round = std::max(p->round, h.round);
  bool stuck = p->match == p->match_before && p->match < log_.last().index;
  p->match_before = p->match;
  if (auto* probe = std::get_if<probing>(&p->way)) {
    probe->sent = false;
  } else if (auto* install = std::get_if<snapshotting>(&p->way)) {
    if (!std::exchange(install->moved, false))
      resume_snapshot(l.from, *install, out);
  } else if (stuck && log_.term_at(p->next - 1)) {
    // Appends may have been lost with none behind them that would be rejected: ask at the end.
    send_append(l.from, *p, {}, out);
  } else if (stuck) {
    p->probe();
  }
  offer_leadership(l.from, *p, out);
  settle_reads(out);
}

} // namespace troupe::raft
