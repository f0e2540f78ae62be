// Snapshots in chunks (thesis 5): the core decides what is sent and taken, the host holds the
// bytes.
#include "store/raft/core.hpp"

#include <algorithm>

namespace troupe::raft {

// -- the leader's side
// ---------------------------------------------------------------------------------

void core::begin_snapshot(member_id id, progress& p, effects& out) {
  if (!p.active) { // taking one for a dead member would be in vain: wait for a sign of life
    p.way = probing{.sent = true};
    return;
  }
  p.way = snapshotting{};
  out.snapshots.push_back(take_snapshot{id});
}

void core::end_snapshot(member_id id, progress& p, effects& out) {
  const auto* s = std::get_if<snapshotting>(&p.way);
  if (s && s->mark.at.index != log_index{})
    out.snapshots.push_back(release_snapshot{id, s->id});
}

void core::on(const snapshot_taken& t, effects& out) {
  auto* p = peer(t.to);
  auto* s = p ? std::get_if<snapshotting>(&p->way) : nullptr;
  bool useful = t.index >= log_.start().at.index && t.index <= commit_ && t.total > 0;
  if (!s || s->mark.at.index != log_index{} || !useful) {
    if (t.index != log_index{})
      out.snapshots.push_back(release_snapshot{t.to, t.id});
    if (s && s->mark.at.index == log_index{})
      p->way = probing{.sent = true}; // tried again at the next sign of life
    return;
  }
  s->id = t.id;
  s->mark = {{*log_.term_at(t.index), t.index}, log_.members_at(t.index)};
  s->total = t.total;
  order_chunk(t.to, *s, out);
}

// One chunk at a time, and one order: the answer to it sees where things stand by then.
void core::order_chunk(member_id id, snapshotting& s, effects& out) {
  if (!std::exchange(s.loading, true))
    out.snapshots.push_back(load_chunk{id, s.id, s.offset, options_.chunk_bytes});
}

void core::on(const chunk_loaded& c, effects& out) {
  auto* p = peer(c.to);
  auto* s = p ? std::get_if<snapshotting>(&p->way) : nullptr;
  if (!s || s->id != c.id)
    return;
  s->loading = false;
  if (s->offset != c.offset) {
    if (s->offset < s->total)
      order_chunk(c.to, *s, out);
    return;
  }
  if (!c.bytes || c.bytes->empty()) {
    end_snapshot(c.to, *p, out);
    p->way = probing{.sent = true};
    return;
  }
  out.send_now.push_back(to(c.to, snapshot_chunk{s->id, s->mark, c.offset, s->total, c.bytes}));
}

void core::take(const letter& l, const snapshot_answer& a, effects& out) {
  auto* p = peer(l.from);
  auto* s = p ? std::get_if<snapshotting>(&p->way) : nullptr;
  if (!s || s->id != a.id || a.next > s->total)
    return;
  p->active = true;
  s->moved = true;
  if (a.next == s->offset) // a repetition; what is lost is sent again after a heartbeat
    return;
  s->offset = a.next;
  if (s->offset < s->total)
    order_chunk(l.from, *s, out);
}

// Nothing has moved for a heartbeat: a letter was lost, or the follower is busy installing.
void core::resume_snapshot(member_id id, snapshotting& s, effects& out) {
  if (s.mark.at.index == log_index{})
    return; // the host is still taking it
  if (s.offset < s.total)
    order_chunk(id, s, out);
  else
    out.send_now.push_back(to(id, snapshot_chunk{s.id, s.mark, s.offset, s.total, nullptr}));
}

// -- the follower's side
// -------------------------------------------------------------------------------

void core::take(const letter& l, const snapshot_chunk& c, effects& out) {
  if (incoming_ && incoming_->installing)
    return;
  if (c.mark.at.index <= commit_)
    return answer_append(l.from, append_accepted{commit_}, out);
  if (!incoming_ || incoming_->from != l.from || incoming_->id != c.id || incoming_->mark != c.mark)
    incoming_ = incoming_snapshot{.from = l.from, .id = c.id, .mark = c.mark, .total = c.total};
  auto& in = *incoming_;
  if (in.storing)
    return;
  if (in.next == in.total)
    return install_incoming(out);
  if (c.offset != in.next || !c.bytes || c.bytes->empty() || c.bytes->size() > in.total - in.next) {
    out.send_now.push_back(to(l.from, snapshot_answer{in.id, in.next}));
    return;
  }
  in.storing = true;
  out.snapshots.push_back(store_chunk{in.from, in.id, c.offset, c.bytes});
}

void core::on(const chunk_stored& c, effects& out) {
  if (!incoming_ || incoming_->from != c.from || incoming_->id != c.id || !incoming_->storing)
    return;
  auto& in = *incoming_;
  in.storing = false;
  in.next = std::min(c.stored, in.total);
  if (in.next == in.total)
    return install_incoming(out);
  out.send_now.push_back(to(in.from, snapshot_answer{in.id, in.next}));
}

void core::install_incoming(effects& out) {
  auto& in = *incoming_;
  if (in.mark.at.index <= commit_) { // the log has caught up by itself
    incoming_.reset();
    return;
  }
  if (!std::holds_alternative<follower>(role_))
    return; // campaigning: a leader's next letter finds the snapshot complete
  in.installing = true;
  out.snapshots.push_back(install_snapshot{in.from, in.id, in.mark});
}

void core::on(const snapshot_installed& s, effects& out) {
  if (!incoming_ || incoming_->from != s.from || incoming_->id != s.id || !incoming_->installing)
    return;
  auto mark = std::move(incoming_->mark);
  incoming_.reset();
  if (!s.done) { // from the beginning, when the leader asks again
    out.send_now.push_back(to(s.from, snapshot_answer{s.id, 0}));
    return;
  }
  if (log_.contains(mark.at)) { // 5.1: what follows the snapshot stays
    durable_ = std::max(durable_, mark.at.index);
  } else {
    invariant(commit_ < mark.at.index, "a snapshot never replaces what is committed");
    log_.reset(mark);
    reset_unwritten_ = true;
    written_ = durable_ = mark.at.index;
    for (auto& w : writes_)
      w.last = std::min(w.last, mark.at.index);
  }
  commit_ = std::max(commit_, mark.at.index);
  handed_ = applied_ = std::max(handed_, mark.at.index);
  applying_.clear();
  applying_bytes_ = 0;
  if (auto leading = known_leader(); leading != nobody && leading != options_.self)
    answer_append(leading, append_accepted{mark.at.index}, out);
}

} // namespace troupe::raft
