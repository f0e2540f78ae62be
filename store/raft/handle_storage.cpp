// What the host says about its disk and its state machine.
#include "store/raft/core.hpp"

#include <algorithm>

namespace troupe::raft {

void core::on(const write_finished& w, effects& out) {
  invariant(w.id <= last_write_, "only what was ordered can be finished");
  write_age_ = 0;
  for (; !writes_.empty() && writes_.front().id <= w.id; writes_.pop_front())
    durable_ = std::max(durable_, writes_.front().last);
  if (auto* c = std::get_if<candidate>(&role_); c && c->phase == vote_kind::real
                                                && !c->votes.contains(options_.self)
                                                && c->own_vote <= w.id) {
    c->votes[options_.self] = true;
    count_votes(out);
  } else if (std::holds_alternative<leader>(role_)) {
    advance_commit(out);
  }
}

void core::on(const applied& a, effects&) {
  invariant(a.index <= handed_, "only what was handed out can be applied");
  for (; !applying_.empty() && applying_.front().last <= a.index; applying_.pop_front())
    applying_bytes_ -= applying_.front().bytes;
  applied_ = std::max(applied_, a.index);
}

void core::on(const entries_loaded& e, effects& out) {
  bool good = !e.entries.empty();
  auto expected = e.from;
  for (const auto& x : e.entries) { // the log may have changed in the meantime
    good = good && x.index == expected && log_.contains(x.position());
    ++expected;
  }
  if (loading_apply_ == e.from) {
    loading_apply_ = {};
    load_failed_ = !good;
    bool installing = incoming_ && incoming_->installing;
    auto limit = std::min(commit_, durable_);
    if (good && e.from == handed_ + 1 && handed_ < limit && !installing) {
      auto usable = e.entries;
      usable.resize(std::min<std::uint64_t>(usable.size(), limit - handed_));
      give(std::move(usable), out);
    }
  }
  auto* l = std::get_if<leader>(&role_);
  if (!l)
    return;
  for (auto& [id, p] : l->peers) {
    if (p.loading != e.from)
      continue;
    p.loading = {};
    const auto* probe = std::get_if<probing>(&p.way);
    bool waits = probe ? !probe->sent : std::holds_alternative<replicating>(p.way);
    if (!waits || p.next != e.from || !log_.term_at(p.next - 1))
      continue; // finish() sees what it needs now
    if (good)
      send_append(id, p, e.entries, out);
    else
      p.way = probing{.sent = true}; // tried again at the next sign of life
  }
}

void core::on(const compact& c, effects& out) {
  auto last = raw(log_.last().index);
  auto kept = log_index{last > options_.keep_entries ? last - options_.keep_entries : 0};
  auto cut = std::min({c.up_to, applied_, durable_, kept});
  if (options_.mutants.cut_what_is_not_durable)
    cut = std::min(applied_, durable_);
  if (const auto* l = std::get_if<leader>(&role_)) {
    for (const auto& [id, p] : l->peers) {
      // Whoever is receiving a snapshot needs what follows it.
      if (const auto* s = std::get_if<snapshotting>(&p.way);
          s && p.active && s->mark.at.index != log_index{})
        cut = std::min(cut, s->mark.at.index);
    }
  }
  if (cut <= log_.start().at.index)
    return;
  log_.cut_head(cut);
  out.cut_head = log_.start();
}

} // namespace troupe::raft
