// Linearizable reads without a log entry: ReadIndex, many reads per round of heartbeats
// (thesis 6.4).
#include "store/raft/core.hpp"
#include "store/raft/quorum.hpp"

namespace troupe::raft {

void core::on(const read& r, effects& out) {
  auto refuse = [&](verdict v) { out.reads.push_back({r.ticket, v, {}}); };
  if (auto* l = std::get_if<leader>(&role_)) {
    if (l->waiting.size() + l->asked.size() >= options_.max_pending_reads)
      return refuse(verdict::too_busy);
    l->waiting.push_back({r.ticket, nobody, 0});
    return start_round(out);
  }
  auto* f = std::get_if<follower>(&role_);
  if (!f || f->leader == nobody)
    return refuse(verdict::not_leader);
  if (f->waiting.size() + f->asked.size() >= options_.max_pending_reads)
    return refuse(verdict::too_busy);
  f->waiting.push_back(r.ticket);
  forward_reads(*f, out);
}

bool core::own_term_committed() const {
  const auto* l = std::get_if<leader>(&role_);
  return l && commit_ >= l->first;
}

// A read may use only answers to heartbeats sent after it came in, so it waits for the next round
// while one is under way.
void core::start_round(effects& out) {
  auto& l = std::get<leader>(role_);
  if (!l.asked.empty() || l.waiting.empty() || !own_term_committed())
    return;
  l.asked = std::exchange(l.waiting, {});
  l.round_index = commit_;
  l.round = ++last_round_;
  bool alone = members().is_voter(options_.self) && members().voters() == 1;
  if (alone || options_.mutants.skip_read_index_round)
    return finish_round(out);
  send_heartbeats(out);
}

void core::settle_reads(effects& out) {
  auto& l = std::get<leader>(role_);
  if (l.asked.empty())
    return;
  std::map<member_id, bool> heard{{options_.self, true}};
  for (const auto& [id, p] : l.peers) {
    if (p.round >= l.round)
      heard[id] = true;
  }
  if (tally(members(), heard) == poll::won)
    finish_round(out);
}

void core::finish_round(effects& out) {
  auto& l = std::get<leader>(role_);
  for (const auto& r : std::exchange(l.asked, {}))
    answer_read(r, verdict::accepted, l.round_index, out);
  start_round(out);
}

void core::answer_read(const pending_read& r, verdict v, log_index index, effects& out) {
  if (r.from == nobody)
    out.reads.push_back({r.ticket, v, index});
  else if (v == verdict::accepted) // else its own loss of the leader tells the follower
    out.send_now.push_back(to(r.from, read_answer{r.number, index}));
}

void core::forward_reads(follower& f, effects& out) {
  if (f.read_number != 0 || f.waiting.empty())
    return;
  f.read_number = ++read_number_;
  f.asked = std::exchange(f.waiting, {});
  out.send_now.push_back(to(f.leader, read_request{f.read_number}));
}

void core::take(const letter& l, const read_request& r, effects& out) {
  auto* own = std::get_if<leader>(&role_);
  if (!own || own->waiting.size() + own->asked.size() >= options_.max_pending_reads)
    return;
  for (const auto* reads : {&own->asked, &own->waiting}) {
    for (const auto& known : *reads) {
      if (known.from == l.from && known.number == r.number)
        return; // repeated because our answer takes long
    }
  }
  own->waiting.push_back({{}, l.from, r.number});
  start_round(out);
}

void core::take(const letter&, const read_answer& a, effects& out) {
  auto* f = std::get_if<follower>(&role_);
  if (!f || f->read_number != a.number)
    return;
  for (auto t : std::exchange(f->asked, {}))
    out.reads.push_back({t, verdict::accepted, a.index});
  f->read_number = 0;
  forward_reads(*f, out);
}

} // namespace troupe::raft
