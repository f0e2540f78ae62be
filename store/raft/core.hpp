// One member of a Raft group as a pure function: an event in, orders to the host out.
//
//   raft::core member{options, std::move(recovered)};
//   effects todo = member.step(proposal{ticket{1}, {share("set a 1")}});
//   for (auto& l : todo.send_now) ...      // README.md says what to do with each, and in which
//   order
//
// No clock, no randomness but the seed's, no I/O, no callbacks. Section numbers are those of
// Ongaro's thesis, "Consensus: Bridging Theory and Practice" (2014).
#pragma once

#include "config/base/random.hpp"
#include "store/raft/effects.hpp"
#include "store/raft/entry_log.hpp"
#include "store/raft/event.hpp"
#include "store/raft/options.hpp"
#include "store/raft/roles.hpp"

#include <deque>

namespace troupe::raft {

/// What a member has when it starts: all from its disk, or for a new group the first configuration.
struct recovered {
  raft::ballot ballot;
  entry_log log; // of the log file; for a new group entry_log{{{}, members}}
  /// What the state machine contains, durably. At most the log's last entry, unless a snapshot was
  /// installed and the member died before the log said so: then `snapshot` is its mark.
  log_index applied{};
  std::optional<snapshot_mark> snapshot;
};

/// For people: the console, traces, tests. Decide nothing by it.
struct status {
  raft::leadership leadership;
  raft::ballot ballot;
  log_index commit{};
  log_index applied{};
  log_index durable{};
  log_position first; // the log's start
  log_position last;
  struct peer {
    member_id id{};
    std::string_view way; // probing, replicating, snapshotting
    log_index match{};
    log_index next{};
    bool active = false;
  };
  std::vector<peer> peers; // a leader's
};

class core {
public:
  /// Throws broken_invariant if what was recovered contradicts itself.
  core(const options& o, recovered from);

  /// Throws broken_invariant when continuing would risk what is committed.
  effects step(const event& e);

  member_id self() const { return options_.self; }
  const configuration& members() const { return log_.members(); }
  /// Greater for later ones, whichever member is asked.
  log_index members_index() const { return log_.members_index(); }
  status look() const;
  /// For tests: the log as this member knows it.
  const entry_log& log() const { return log_; }

private:
  // -- events: one overload each -----------------------------------------------------------------
  void on(const tick&, effects& out);                // core.cpp
  void on(const campaign&, effects& out);            // handle_vote.cpp
  void on(const proposal&, effects& out);            // handle_proposal.cpp
  void on(const change_membership&, effects& out);   // handle_membership.cpp
  void on(const read&, effects& out);                // handle_read.cpp
  void on(const transfer_leadership&, effects& out); // handle_transfer.cpp
  void on(const received&, effects& out);            // handle_letter.cpp
  void on(const write_finished&, effects& out);      // handle_storage.cpp
  void on(const applied&, effects& out);
  void on(const entries_loaded&, effects& out);
  void on(const compact&, effects& out);
  void on(const snapshot_taken&, effects& out); // handle_snapshot.cpp
  void on(const chunk_loaded&, effects& out);
  void on(const chunk_stored&, effects& out);
  void on(const snapshot_installed&, effects& out);
  void on(const connection_reset&, effects& out); // handle_vote.cpp

  // -- letters, once their term has been dealt with
  // ------------------------------------------------
  void take(const letter&, const vote_request&, effects& out);
  void take(const letter&, const vote_answer&, effects& out);
  void take(const letter&, const append_request&, effects& out);
  void take(const letter&, const append_accepted&, effects& out);
  void take(const letter&, const append_rejected&, effects& out);
  void take(const letter&, const heartbeat&, effects& out);
  void take(const letter&, const heartbeat_answer&, effects& out);
  void take(const letter&, const commit_notice&, effects& out);
  void take(const letter&, const stale_term&, effects& out);
  void take(const letter&, const snapshot_chunk&, effects& out);
  void take(const letter&, const snapshot_answer&, effects& out);
  void take(const letter&, const timeout_now&, effects& out);
  void take(const letter&, const read_request&, effects& out);
  void take(const letter&, const read_answer&, effects& out);
  bool admit(const letter& l,
             effects& out); // deals with the term; false: the letter is to be dropped

  // -- roles
  // ------------------------------------------------------------------------------------------
  void become_follower(term_id term, member_id leader, effects& out);
  void start_campaign(vote_kind phase, bool transfer, effects& out);
  void ask_for_votes(effects& out);
  void ask_for_vote(member_id voter, effects& out);
  void count_votes(effects& out);
  void become_leader(effects& out);
  void leave_role(effects& out); // answers what waits for the role
  bool can_campaign() const;
  bool disk_stalls() const { return write_age_ >= options_.election_ticks; }
  bool hears_leader() const;
  member_id known_leader() const;
  role_name role() const;

  // -- a leader's work
  // ----------------------------------------------------------------------------------
  void append_own(entry_kind kind, shared_bytes command);
  void advance_commit(effects& out);
  void committed_membership(effects& out);
  void pump(effects& out);
  void pump(member_id to, progress& p, effects& out);
  void send_append(member_id to, progress& p, std::vector<entry> entries, effects& out);
  void send_heartbeats(effects& out);
  void check_quorum(effects& out);
  void begin_snapshot(member_id to, progress& p, effects& out);
  void end_snapshot(member_id to, progress& p, effects& out);
  void install_incoming(effects& out);
  void order_chunk(member_id to, snapshotting& s, effects& out);
  void resume_snapshot(member_id to, snapshotting& s, effects& out);
  void follow_members();
  void offer_leadership(member_id to, const progress& p, effects& out);
  member_id best_successor() const;
  void escape_stall(leader& l, effects& out);
  void start_round(effects& out);
  void settle_reads(effects& out);
  void finish_round(effects& out);
  bool own_term_committed() const;
  progress* peer(member_id id);

  // -- common
  // ----------------------------------------------------------------------------------------------
  void commit_to(log_index index);
  void answer_append(member_id whom, letter_body body, effects& out);
  void forward_reads(follower& f, effects& out);
  void answer_read(const pending_read& r, verdict v, log_index index, effects& out);
  void reset_timer();
  void cut_tail(log_index from);
  void hand_out(effects& out);
  void give(std::vector<entry> entries, effects& out);
  void finish(effects& out);
  void check_invariants() const;
  raft::leadership leadership_now() const;
  letter to(member_id peer, letter_body body) const {
    return {options_.self, peer, ballot_.term, std::move(body)};
  }

  options options_;
  random_source random_;
  raft::ballot ballot_;
  raft::ballot saved_ballot_; // the last one ordered to be saved
  entry_log log_;
  std::variant<follower, candidate, leader> role_;

  log_index commit_{};
  log_index handed_{}; // given to the host to apply
  log_index applied_{};
  std::deque<replicating::flight> applying_; // handed out and not applied yet
  std::uint64_t applying_bytes_ = 0;
  log_index loading_apply_{}; // entries from here on were ordered from the log file; 0: none
  bool load_failed_ = false;  // not ordered again before the next tick

  struct unfinished_write {
    write_id id{};
    log_index
      last{}; // of the log once it is durable; lowered when a later write cuts the log below
  };
  std::deque<unfinished_write> writes_;
  write_id last_write_{};
  bool reset_unwritten_ = false; // the log's new start is not ordered to be written yet
  log_index written_{};          // entries up to here were ordered to be written
  log_index durable_{};          // and up to here are durable

  struct incoming_snapshot {
    member_id from{};
    snapshot_id id{};
    snapshot_mark mark;
    std::uint64_t next = 0;
    std::uint64_t total = 0;
    bool storing = false;
    bool installing = false;
  };
  std::optional<incoming_snapshot> incoming_;

  std::uint32_t elapsed_ =
    0; // ticks since the leader was heard, or since the campaign or check began
  std::uint32_t timeout_ = 0;   // ticks
  std::uint32_t campaigns_ = 0; // begun since a leader was heard
  std::uint32_t write_age_ = 0; // ticks in which none of the writes under way has finished
  std::uint32_t beat_ = 0;      // ticks since the last heartbeat or repetition
  std::uint64_t read_number_ = 0;
  read_round last_round_{}; // rounds stay unique when the same member leads again
  raft::leadership told_;   // the host knows this
};

} // namespace troupe::raft
