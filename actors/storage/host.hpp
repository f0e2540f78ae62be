// The state of the replica actor and what its parts do with it. Inside actors/storage only.
#pragma once

#include "actors/kernel/actor.hpp"
#include "actors/storage/replica.hpp"
#include "actors/storage/steady.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace troupe::storage {

/// The core's clock.
struct tick {
  using local_only = void;
};
/// What gathered while the mailbox was worked off goes out as one.
struct flush_queues {
  using local_only = void;
};

using replica_interface =
  replica_actor::extend_with<peer_actor>::extend_with<kernel::link_subscriber>::extend_with<
    leaving_actor>::extend<proto::tell<tick>, proto::tell<flush_queues>>;

struct replica_host;
using host_ptr = kernel::self_ptr<replica_interface, replica_host>;

/// A transaction that waits to be proposed, then to be applied here.
struct waiting_write {
  std::string command;
  kernel::promise<transacted> to;
  bool grows = true; // the store
};
/// Another master's transactions, to be proposed with the next flush.
struct waiting_proposal {
  std::vector<std::string> commands;
  kernel::promise<proposed> to;
};
/// What was proposed as one: this master's transactions first, then those of others, in order.
struct proposed_batch {
  std::vector<kernel::promise<transacted>> own;
  struct part {
    std::size_t commands = 0;
    kernel::promise<proposed> to;
  };
  std::vector<part> others;
};
/// One that stands in the log at a known place.
struct placed_write {
  term_id term{};
  kernel::promise<transacted> to;
};
/// A read that waits until this replica has come far enough.
struct waiting_view {
  kernel::promise<viewed> to;
  log_index applied{}; // 0: does not matter
  revision at{};       // 0: does not matter
  bool exact = false;  // the past at `at`, not the present
  instant deadline{};
};
/// Recently applied transactions, for proposals whose place is learnt late.
struct recent_outcome {
  term_id term{};
  store::outcome what;
};
struct write_order {
  raft::write_id id{};
  wal::batch batch;
  std::vector<raft::letter> after; // only once it is durable
  std::optional<raft::snapshot_mark> cut;
};
struct outgoing_snapshot {
  std::string file;
  log_index index{};
  std::uint64_t total = 0;
  std::set<member_id> users;
  instant taken{};
};
struct known_peer {
  std::string address;
  peer_actor handle;
};

/// Somebody waits until a member is in for good: what is only in the log may yet be lost.
struct waiting_join {
  kernel::promise<join_answered> to;
  member_id id{};
  log_index at{}; // of the change in the log
};

/// Somebody waits until a member is out.
struct waiting_removal {
  kernel::promise<member_removed> to;
  std::string name;
  member_id id{};
  bool was_voter = false;
  log_index at{}; // of the change in the log; 0: it leads, and another one must do it
  instant deadline{};
};
/// The process waits until another one leads.
struct leaving_host {
  kernel::promise<handed_over> to;
  instant deadline{};
  std::size_t to_note = 0; // others that may still send proposals
};

struct replica_host {
  replica_host() = default;
  replica_host(const replica_host&) = delete;
  replica_host& operator=(const replica_host&) = delete;
  ~replica_host(); // answers the writes whose outcome it takes along

  replica_dependencies with;
  std::unique_ptr<raft::core> core;
  raft::leadership leadership;
  bool scope_told = false; // the scope acts in leadership.term
  std::uint64_t next_ticket = 1;
  std::map<member_id, known_peer> peers;
  raft::configuration members; // as last noted

  // members (membership.cpp)
  std::map<member_id, instant> heard; // of whom, when last
  std::map<std::uint64_t, waiting_removal> removal_tickets;
  std::vector<waiting_removal> removals;
  std::optional<leaving_host> leaving;
  std::set<member_id> departing; // leaders whose process is about to stop
  instant leads_since{};
  instant next_question{}; // whether it still belongs to them

  bool entering = false; // a group's number is being written down

  // events for the core; stepping is never nested
  std::deque<raft::event> events;
  bool stepping = false;

  // proposals
  std::vector<waiting_write> writes;      // to be proposed with the next flush
  std::vector<waiting_proposal> of_peers; // likewise
  std::map<std::uint64_t, proposed_batch> tickets;
  std::map<std::uint64_t, std::vector<kernel::promise<transacted>>> forwarded; // to the leader
  std::map<std::uint64_t, waiting_join> join_tickets;
  std::vector<waiting_join> joins;
  std::multimap<log_index, placed_write> placed;
  std::map<log_index, recent_outcome> recent;
  std::size_t under_way = 0; // transactions not answered yet

  // reads
  std::vector<kernel::promise<viewed>> reads; // to be asked for with the next flush
  std::map<std::uint64_t, std::vector<kernel::promise<viewed>>> read_tickets;
  std::vector<waiting_view> views;
  store::view_ptr current;

  // the log's thread
  std::deque<write_order> orders;
  bool writing = false;
  raft::write_id durable{};

  // applying
  log_index applied{};
  std::vector<raft::entry> unapplied; // the engine refused them
  bool rows_flushing = false;         // because its memory is full for a moment, not the disk
  bool installing = false;

  // the disk (health.cpp)
  disk_facts disk;
  bool read_only = false;
  bool log_refused = false;
  bool disk_looked_at = false;
  instant next_disk_look{};
  instant next_room_question{};
  store_health health_told;

  // snapshots
  std::uint64_t next_snapshot = 1;
  std::map<raft::snapshot_id, outgoing_snapshot> outgoing;
  std::shared_ptr<wal::file> incoming;
  std::optional<raft::snapshot_id> incoming_id;

  // upkeep
  store::compaction_schedule compaction;
  log_index flushed{};
  bool flushing = false;
  bool sweeping = true;
  instant next_upkeep{};
  instant last_promote{};
  bool flush_scheduled = false;
  bool resealing = false; // a pass over all records, once per leadership
  std::string resealed;   // up to this key
};

/// Gives an event to the core and performs what it orders. (perform.cpp)
void step(host_ptr self, raft::event e);
void send(host_ptr self, const std::vector<raft::letter>& letters);
peer_actor peer_of(host_ptr self, member_id who);
void note_members(host_ptr self); // they are others than before
void schedule_flush(host_ptr self);

/// Writes what is ordered, in order, merged into few syncs. (writer.cpp)
void order_write(host_ptr self, write_order o);

/// (apply.cpp)
void apply(host_ptr self, std::vector<raft::entry> entries);
void tell_scope(host_ptr self);

/// (proposals.cpp)
void propose_waiting(host_ptr self);
void propose_command(host_ptr self, std::string command); // an order of this replica's own
void answer_proposal(host_ptr self, const raft::answer& a);
void settle_write(host_ptr self, log_index at, term_id term, const store::outcome* outcome);
void fail_writes_up_to(host_ptr self, log_index at, const failure& why);

/// (reads.cpp)
kernel::reply<viewed> take_view(host_ptr self, const get_view& m);
kernel::reply<viewed> take_view_at(host_ptr self, const get_view_at& m);
void ask_reads(host_ptr self);
void answer_read(host_ptr self, const raft::read_verdict& v);
void serve_views(host_ptr self); // those that waited long enough, one way or the other

/// (snapshots.cpp)
void perform_snapshot(host_ptr self, const raft::snapshot_order& o);

/// (membership.cpp)
bool is_heard(host_ptr self, member_id who); // within the last election timeout
kernel::reply<join_answered> take_join(host_ptr self, const ask_to_join& m);
kernel::reply<member_removed> take_removal(host_ptr self, const remove_member& m);
kernel::reply<members_listed> take_list(host_ptr self, const list_members& m);
kernel::reply<whether_member> take_question(host_ptr self, const ask_whether_member& m);
kernel::reply<handed_over> take_hand_over(host_ptr self);
kernel::reply<leaving_noted> note_departure(host_ptr self, const leader_leaves& m);
void answer_removal(host_ptr self, waiting_removal w, const raft::answer& a);
void settle_members(host_ptr self); // something was applied, or somebody else leads
void keep_members(host_ptr self);

/// (health.cpp)
failure refused_for_room(host_ptr self); // why a write is refused, while read_only
bool makes_grow(const store::transaction& what);
bool makes_grow(std::string_view command);
void keep_health(host_ptr self);

/// (versions.cpp)
std::uint32_t agreed_version(host_ptr self); // that commands may be proposed in
void announce(host_ptr self);                // what is decoded here

/// (upkeep.cpp)
void keep_up(host_ptr self);

} // namespace troupe::storage
