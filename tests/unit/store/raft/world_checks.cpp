// The hostile world: what must hold in it.
#include "store/raft/print.hpp"
#include "world.hpp"

#include <algorithm>

namespace troupe::raft {

// Log matching: one (term, index) means one command and one entry in front of it, wherever it is.
void world::check_append(const disk_image& log, const std::vector<entry>& entries) {
  if (entries.empty())
    return;
  auto first = entries.front().index - log.start.at.index - 1;
  auto before = first == 0                    ? log.start.at.term
                : first <= log.entries.size() ? log.entries[first - 1].term
                                              : throw violation("an entry is written behind a gap");
  for (const auto& e : entries) {
    std::pair<term_id, std::string> what{before, std::string{e.bytes()}};
    auto [known, fresh] = written_.emplace(e.position(), what);
    if (!fresh && known->second != what)
      throw violation("logs do not match at " + to_text(e));
    before = e.term;
  }
}

// State machine safety: everybody applies the same entries in the same order, none is left out.
void world::check_applied(machine& m, const entry& e, term_id now) {
  if (e.index != m.at.index + 1)
    throw violation("applied " + to_text(e) + " after " + to_text(m.at));
  auto i = raw(e.index);
  if (i > history_.size()) {
    history_.push_back(e);
    known_in_.push_back(now);
    hashes_.push_back(hashes_.back() * 0x9e3779b97f4a7c15U
                      + std::hash<std::string_view>{}(e.bytes()) + raw(e.term));
  } else if (history_[i - 1] != e) {
    throw violation("applied " + to_text(e) + " where " + to_text(history_[i - 1])
                    + " was applied");
  }
  m = {e.position(), hashes_[i]};
}

// Election safety, and leader completeness: a leader's log holds all that was committed in earlier
// terms.
void world::check_leader(member_id id, const leadership& l) {
  if (l.role != role_name::leader)
    return;
  auto [known, fresh] = leaders_.emplace(l.term, id);
  if (known->second != id)
    throw violation("two leaders in term " + to_string(l.term));
  if (!fresh)
    return;
  auto log = processes_[id].disk.whole();
  auto start = raw(log.start.at.index);
  for (std::size_t i = start; i < history_.size(); ++i) {
    if (known_in_[i] >= l.term)
      break; // a late victory: a newer leader may have committed this already
    if (i - start >= log.entries.size() || log.entries[i - start] != history_[i])
      throw violation("the leader of term " + to_string(l.term) + " lacks " + to_text(history_[i]));
  }
}

// A linearizable read sees everything that was applied anywhere before it was asked.
void world::check_read(const read_verdict& r) {
  auto asked = asked_.find(r.ticket);
  if (asked == asked_.end())
    throw violation("a read is answered twice");
  if (r.verdict == verdict::accepted) {
    ++reads_;
    if (r.index < asked->second)
      throw violation("a read may see index " + to_string(r.index) + " only, after "
                      + to_string(asked->second) + " was acknowledged");
  }
  asked_.erase(asked);
}

member_id world::leader_now() const {
  member_id best{};
  term_id term{};
  for (const auto& [id, p] : processes_) {
    if (!p.alive)
      continue;
    auto l = p.alive->look().leadership;
    if (l.role == role_name::leader && l.term > term) {
      best = id;
      term = l.term;
    }
  }
  return best;
}

std::string world::report() const {
  std::string out;
  for (const auto& [id, p] : processes_) {
    auto s = p.alive->look();
    out += "\n" + to_string(id) + " " + std::string{to_text(s.leadership.role)} + " term "
           + to_string(s.ballot.term) + " leader " + to_string(s.leadership.leader) + " log "
           + to_text(s.first) + " to " + to_text(s.last) + " durable " + to_string(s.durable)
           + " commit " + to_string(s.commit) + " applied " + to_string(s.applied) + " "
           + to_text(p.alive->members()) + " jobs " + std::to_string(p.disk.jobs()) + " to apply "
           + std::to_string(p.to_apply.size()) + " events " + std::to_string(p.events.size())
           + " orders " + std::to_string(p.orders.size());
    for (const auto& q : s.peers)
      out += "\n    " + to_string(q.id) + " " + std::string{q.way} + " match " + to_string(q.match)
             + " next " + to_string(q.next) + (q.active ? " active" : "");
  }
  return out;
}

void world::calm() {
  restless_ = false;
  weather_ = {.disk = 100, .flush = weather_.flush};
  cut_.clear();
  for (auto& [id, p] : processes_) {
    p.frozen = p.doomed = 0;
    if (!p.alive)
      start(id);
  }
  auto before = history_.size();
  auto reads_before = reads_;
  for (int i = 0; i < 3000; ++i) {
    moment(false);
    auto lead = leader_now();
    if (lead == nobody)
      continue;
    if (i % 50 == 0)
      step(lead, proposal{ticket{++next_}, {share("calm")}});
    if (history_.size() <= before)
      continue;
    const auto& members = processes_[lead].alive->members().members;
    bool all = std::all_of(members.begin(), members.end(), [&](const member& m) {
      return processes_[m.id].memory.at.index >= log_index{before + 1};
    });
    if (!all)
      continue;
    if (reads_ > reads_before)
      return;
    if (i % 50 == 0) {
      ticket reading{++next_};
      asked_[reading] = log_index{history_.size()};
      step(members.back().id, read{reading});
    }
  }
  throw violation("no progress in calm weather:" + report());
}

} // namespace troupe::raft
