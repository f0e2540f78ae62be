// A leader's sending: probes, the pipeline, heartbeats, and what becomes committed.
#include "store/raft/core.hpp"
#include "store/raft/quorum.hpp"

#include <algorithm>

namespace troupe::raft {

progress* core::peer(member_id id) {
  auto* l = std::get_if<leader>(&role_);
  if (!l)
    return nullptr;
  auto i = l->peers.find(id);
  return i == l->peers.end() ? nullptr : &i->second;
}

void core::append_own(entry_kind kind, shared_bytes command) {
  auto& l = std::get<leader>(role_);
  entry e{ballot_.term, log_.last().index + 1, kind, std::move(command)};
  l.uncommitted_bytes += e.weight();
  log_.append(std::move(e));
}

void core::pump(effects& out) {
  if (auto* l = std::get_if<leader>(&role_)) {
    for (auto& [id, p] : l->peers)
      pump(id, p, out);
  }
}

// Sends to one follower all that its window allows.
void core::pump(member_id id, progress& p, effects& out) {
  auto last = log_.last().index;
  while (true) {
    const auto* probe = std::get_if<probing>(&p.way);
    const auto* flow = std::get_if<replicating>(&p.way);
    if (probe ? probe->sent : !flow || p.next > last || flow->full(options_))
      break;
    if (!log_.term_at(p.next - 1))
      return begin_snapshot(id, p, out);
    if (p.next > last) {
      send_append(id, p, {}, out);
    } else if (log_.in_memory(p.next)) {
      send_append(id, p, log_.slice(p.next, last, options_.max_batch_bytes), out);
    } else {
      if (p.loading == log_index{}) {
        p.loading = p.next;
        out.load.push_back({p.next, last, options_.max_batch_bytes});
      }
      break;
    }
  }
  auto known = std::min(commit_, p.match);
  if (std::holds_alternative<replicating>(p.way) && p.told_commit < known) {
    p.told_commit = known;
    out.send_now.push_back(to(id, commit_notice{known}));
  }
}

void core::send_append(member_id id, progress& p, std::vector<entry> entries, effects& out) {
  auto before = p.next - 1;
  auto last = before + entries.size();
  std::uint64_t bytes = 0;
  for (const auto& e : entries)
    bytes += e.weight();
  if (auto* probe = std::get_if<probing>(&p.way)) {
    probe->sent = true;
  } else if (auto* flow = std::get_if<replicating>(&p.way); flow && !entries.empty()) {
    flow->depart(last, bytes);
    p.next = last + 1;
  }
  p.told_commit = std::max(p.told_commit, std::min(commit_, last));
  out.send_now.push_back(
    to(id, append_request{{*log_.term_at(before), before}, std::move(entries), commit_}));
}

void core::send_heartbeats(effects& out) {
  auto& l = std::get<leader>(role_);
  auto round = l.asked.empty() ? read_round{} : l.round;
  for (const auto& [id, p] : l.peers)
    out.send_now.push_back(to(id, heartbeat{std::min(commit_, p.match), round}));
}

void core::advance_commit(effects& out) {
  auto& l = std::get<leader>(role_);
  std::vector<log_index> matches;
  for (const auto& m : members().members) {
    if (m.role != member_role::voter)
      continue;
    if (m.id == options_.self)
      matches.push_back(durable_); // 10.2.1: its own copy counts like any other, when it is durable
    else if (const auto* p = peer(m.id))
      matches.push_back(p->match);
  }
  auto index = agreed(std::move(matches));
  if (index <= commit_)
    return;
  // 3.6.2: an older term's entry may yet be replaced, however many have it; it is committed by the
  // first one of our own term behind it.
  if (log_.term_at(index) != ballot_.term && !options_.mutants.commit_older_term_by_counting)
    return;
  for (auto i = std::max(commit_ + 1, l.first); i <= index; ++i)
    l.uncommitted_bytes -= std::min(l.uncommitted_bytes, log_.weight_at(i));
  bool membership = commit_ < log_.members_index() && log_.members_index() <= index;
  commit_to(index);
  start_round(out);
  if (membership)
    committed_membership(out);
}

void core::check_quorum(effects& out) {
  auto& l = std::get<leader>(role_);
  std::map<member_id, bool> heard{{options_.self, true}};
  for (auto& [id, p] : l.peers)
    heard[id] = std::exchange(p.active, false);
  if (tally(members(), heard) != poll::won)
    become_follower(ballot_.term, nobody, out); // 6.2
}

} // namespace troupe::raft
