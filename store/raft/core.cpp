// The core's frame: start, one step, time, and what every step ends with.
#include "store/raft/core.hpp"

#include "store/raft/quorum.hpp"
#include "store/raft/witness.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace troupe::raft {

core::core(const options& o, recovered from)
    : options_(o)
    , random_(o.seed)
    , ballot_(from.ballot)
    , saved_ballot_(from.ballot)
    , log_(std::move(from.log))
    , role_(follower{}) {
  invariant(o.self != nobody, "a member has an id");
  invariant(0 < o.heartbeat_ticks && o.heartbeat_ticks < o.election_ticks,
            "heartbeats come more often than elections");
  written_ = log_.last().index;
  if (from.snapshot && from.snapshot->at.index > log_.start().at.index
      && !log_.contains(from.snapshot->at)) {
    // Died between installing a snapshot and writing down that the log starts behind it.
    log_.reset(*std::move(from.snapshot));
    reset_unwritten_ = true;
    written_ = log_.last().index;
  }
  invariant(from.applied >= log_.start().at.index,
            "the state machine has what the log has given up: it was lost, or is another's");
  commit_ = handed_ = applied_ = from.applied;
  durable_ = written_;
  invariant(applied_ <= durable_, "the state machine never runs ahead of the durable log");
  if (ballot_.term < log_.last().term)
    ballot_ = {log_.last().term, nobody};
  // Answers to reads from before a restart must not pass for answers to new ones.
  read_number_ = random_() >> 1;
  reset_timer();
  told_ = {.role = role_name::follower, .term = ballot_.term};
}

effects core::step(const event& e) {
  effects out;
  std::visit([&](const auto& what) { on(what, out); }, e);
  finish(out);
  check_invariants();
  if (options_.seen_by)
    options_.seen_by->stepped(*this, e, out);
  return out;
}

void core::on(const tick&, effects& out) {
  ++elapsed_;
  bool beat = ++beat_ >= options_.heartbeat_ticks;
  if (beat)
    beat_ = 0;
  load_failed_ = false;
  write_age_ = writes_.empty() ? 0 : write_age_ + 1;
  if (auto* l = std::get_if<leader>(&role_)) {
    if (elapsed_ >= options_.election_ticks) {
      elapsed_ = 0;
      l->transfer_to = nobody;
      check_quorum(out);
    }
    if (beat && std::holds_alternative<leader>(role_)) {
      escape_stall(*l, out);
      send_heartbeats(out);
      settle_reads(out); // should the quorum have shrunk
    }
    return;
  }
  if (elapsed_ >= timeout_) {
    if (can_campaign())
      return start_campaign(vote_kind::pre, false, out);
    return become_follower(ballot_.term, nobody,
                           out); // nothing heard for long: nobody known to lead
  }
  if (!beat)
    return;
  if (std::holds_alternative<candidate>(role_))
    return ask_for_votes(out);
  if (auto& f = std::get<follower>(role_); f.read_number != 0)
    out.send_now.push_back(to(f.leader, read_request{f.read_number}));
}

void core::reset_timer() {
  elapsed_ = 0;
  timeout_ =
    options_.election_ticks + static_cast<std::uint32_t>(random_.below(options_.election_ticks));
}

role_name core::role() const {
  if (std::holds_alternative<leader>(role_))
    return role_name::leader;
  if (const auto* c = std::get_if<candidate>(&role_))
    return c->phase == vote_kind::pre ? role_name::pre_candidate : role_name::candidate;
  return role_name::follower;
}

member_id core::known_leader() const {
  if (const auto* f = std::get_if<follower>(&role_))
    return f->leader;
  return std::holds_alternative<leader>(role_) ? options_.self : nobody;
}

// A leader too: it has heard a quorum within the last election timeout, or steps down (6.2).
bool core::hears_leader() const {
  return known_leader() != nobody && elapsed_ < options_.election_ticks;
}

void core::become_follower(term_id term, member_id leading, effects& out) {
  invariant(term >= ballot_.term, "terms never go back");
  const auto* f = std::get_if<follower>(&role_);
  if (!f || f->leader != leading || term != ballot_.term) {
    leave_role(out);
    role_ = follower{.leader = leading};
  }
  if (term > ballot_.term)
    ballot_ = {term, nobody};
  if (leading != nobody)
    campaigns_ = 0;
  reset_timer();
}

void core::leave_role(effects& out) {
  auto give_up = [&](const std::vector<ticket>& reads) {
    for (auto t : reads)
      out.reads.push_back({t, verdict::not_leader, {}});
  };
  if (auto* f = std::get_if<follower>(&role_)) {
    give_up(f->asked);
    give_up(f->waiting);
  }
  if (auto* l = std::get_if<leader>(&role_)) {
    for (const auto* reads : {&l->asked, &l->waiting}) {
      for (const auto& r : *reads)
        answer_read(r, verdict::not_leader, {}, out);
    }
    for (auto& [id, p] : l->peers)
      end_snapshot(id, p, out);
  }
}

void core::commit_to(log_index index) {
  if (index <= commit_)
    return;
  invariant(index <= log_.last().index,
            "what is committed is in the log: acknowledged entries are lost");
  commit_ = index;
}

void core::cut_tail(log_index from) {
  invariant(from > commit_, "a committed entry is never cut off");
  log_.cut_tail(from);
  written_ = std::min(written_, from - 1);
  durable_ = std::min(durable_, from - 1);
  // A write that is still under way made entries durable which a later one replaces: it must not
  // count for their successors at the same indexes, even if these look the same.
  for (auto& w : writes_)
    w.last = std::min(w.last, from - 1);
}

void core::hand_out(effects& out) {
  auto limit = std::min(commit_, durable_);
  bool installing = incoming_ && incoming_->installing;
  if (installing || handed_ >= limit || applying_bytes_ >= options_.max_apply_bytes)
    return;
  auto budget = options_.max_apply_bytes - applying_bytes_;
  if (log_.in_memory(handed_ + 1)) {
    if (applying_bytes_ == 0 || log_.weight_at(handed_ + 1) <= budget)
      give(log_.slice(handed_ + 1, limit, budget), out);
    return;
  }
  if (loading_apply_ == log_index{} && !load_failed_) {
    loading_apply_ = handed_ + 1;
    out.load.push_back({handed_ + 1, limit, options_.max_batch_bytes});
  }
}

void core::give(std::vector<entry> entries, effects& out) {
  std::uint64_t bytes = 0;
  for (const auto& e : entries)
    bytes += e.weight();
  handed_ = entries.back().index;
  applying_.push_back({handed_, bytes});
  applying_bytes_ += bytes;
  out.apply = std::move(entries);
}

void core::finish(effects& out) {
  pump(out);
  if (ballot_ != saved_ballot_) {
    saved_ballot_ = ballot_;
    out.save_ballot = ballot_;
    if (options_.mutants.vote_twice_after_restart)
      out.save_ballot->voted_for = nobody;
  }
  if (std::exchange(reset_unwritten_, false))
    out.reset_log = log_.start();
  if (written_ < log_.last().index) {
    out.append =
      log_.slice(written_ + 1, log_.last().index, std::numeric_limits<std::uint64_t>::max());
    written_ = log_.last().index;
  }
  if (out.writes()) {
    ++last_write_;
    writes_.push_back({last_write_, written_});
  }
  out.write = last_write_;
  if (auto* c = std::get_if<candidate>(&role_);
      c && c->phase == vote_kind::real && c->own_vote == write_id{})
    c->own_vote = last_write_;
  if (writes_.empty()) {
    std::move(out.send_after_sync.begin(), out.send_after_sync.end(),
              std::back_inserter(out.send_now));
    out.send_after_sync.clear();
  }
  if (out.apply.empty())
    hand_out(out);
  log_.forget(std::min(handed_, durable_), options_.memory_bytes);
  auto now = leadership_now();
  if (now != told_)
    out.leadership = told_ = now;
}

leadership core::leadership_now() const {
  const auto* l = std::get_if<leader>(&role_);
  return {role(), ballot_.term, known_leader(), l ? l->first : log_index{}};
}

void core::check_invariants() const {
  invariant(applied_ <= handed_ && handed_ <= commit_, "only what is committed is applied");
  invariant(handed_ <= durable_, "only what is durable is applied");
  invariant(commit_ <= log_.last().index, "what is committed is in the log");
  invariant(durable_ <= written_ && written_ == log_.last().index,
            "all entries are ordered to be written");
  invariant(log_.last().term <= ballot_.term, "no entry is of a term that has not begun");
}

status core::look() const {
  status s{.leadership = leadership_now(),
           .ballot = ballot_,
           .commit = commit_,
           .applied = applied_,
           .durable = durable_,
           .first = log_.start().at,
           .last = log_.last(),
           .peers = {}};
  if (const auto* l = std::get_if<leader>(&role_)) {
    static constexpr std::array<std::string_view, 3> ways = {"probing", "replicating",
                                                             "snapshotting"};
    for (const auto& [id, p] : l->peers)
      s.peers.push_back({id, ways[p.way.index()], p.match, p.next, p.active});
  }
  return s;
}

} // namespace troupe::raft
