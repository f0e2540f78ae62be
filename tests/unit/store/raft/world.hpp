// A group of cores in a hostile world under one seed: a network that loses, repeats, reorders and
// splits, disks that forget what was not synced, processes that die. Every step is checked against
// the promises of Raft (figure 3.2 of the thesis); a broken one throws `violation`.
#pragma once

#include "fake_disk.hpp"
#include "store/raft/core.hpp"

#include <map>
#include <memory>
#include <set>

namespace troupe::raft {

class violation : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// How bad the world is; drawn anew now and then, so that it is bad in many ways.
struct weather {
  std::uint64_t loss = 0;       // of 1000 letters
  std::uint64_t repeat = 0;     // of 1000 letters
  std::uint64_t delay = 0;      // of 100 letters at each moment
  std::uint64_t crash = 0;      // of 1000, per moment and member
  std::uint64_t restart = 0;    // of 100, per moment and dead member
  std::uint64_t batch = 200;    // bytes in one append
  std::uint64_t split = 0;      // of 1000, per moment
  std::uint64_t reset = 0;      // of 1000, per moment and member: loses its connections
  std::uint64_t freeze = 0;     // of 1000, per moment and member: stops for a while, like SIGSTOP
  std::uint64_t transfer = 0;   // of 1000, per moment
  std::uint64_t tick = 33;      // of 100, per moment and member
  std::uint64_t disk = 0;       // of 100: a disk finishes something at this moment
  std::uint64_t membership = 0; // of 1000, per moment
  std::uint64_t flush = 0;      // of 1000, per moment and member
};

class world {
public:
  /// Restless: leaders live shortly and quarrel. Else the weather changes between fair and any kind
  /// of foul.
  world(std::uint64_t seed, const mutants& bugs, bool restless);

  /// Lets trouble happen for a while.
  void storm(int moments);
  /// Mends everything, then demands progress: all members apply a new entry and answer a read.
  void calm();

  std::uint64_t committed() const { return history_.size(); }
  std::uint64_t snapshots_installed() const { return installed_; }
  std::uint64_t reads_answered() const { return reads_; }
  std::uint64_t elections() const { return leaders_.size(); }

private:
  struct machine { // its state is the hash of all that it applied
    log_position at;
    std::uint64_t hash = 0;
  };
  struct process {
    std::unique_ptr<core> alive;
    std::deque<entry> to_apply;
    std::deque<event> events; // the host's own answers, in order
    std::deque<snapshot_order> orders;
    machine memory;
    std::map<snapshot_id, std::pair<machine, std::string>> snapshots;
    std::string incoming;
    // What survives a crash:
    fake_disk disk;
    machine durable;
    std::optional<snapshot_mark> installed;
    std::uint64_t frozen = 0; // moments left
    std::uint64_t doomed = 0; // a leader's moments to live; 0: not doomed
  };

  void moment(bool trouble);
  void change_weather();
  void trouble();
  void cut_links();
  void harm(member_id id);
  void hand_over();
  void deliver();
  void host_work(member_id id);
  void client_work(member_id id);
  void crash(member_id id);
  void lose_connections(member_id id);
  void start(member_id id);
  void change_members();

  void step(member_id id, const event& e);
  void perform(member_id id, effects out);
  void perform(member_id id, const snapshot_order& o);
  void apply_all(member_id id);

  void check_append(const disk_image& log, const std::vector<entry>& entries);
  void check_applied(machine& m, const entry& e, term_id now);
  void check_leader(member_id id, const leadership& l);
  void check_read(const read_verdict& r);

  member_id some_member() { return member_id{random_.between(1, processes_.size())}; }
  member_id leader_now() const;
  std::string report() const;

  random_source random_;
  mutants bugs_;
  weather weather_;
  bool restless_;
  std::map<member_id, process> processes_;
  std::deque<std::string> network_;               // letters as bytes
  std::set<std::pair<member_id, member_id>> cut_; // links, by direction, that carry nothing
  std::uint64_t next_ = 0;                        // numbers for commands, tickets, snapshots
  std::uint64_t reads_ = 0;
  std::uint64_t installed_ = 0;

  std::map<term_id, member_id> leaders_;
  std::map<log_position, std::pair<term_id, std::string>>
    written_;                            // (term before, bytes) of each position
  std::vector<entry> history_;           // all that was ever applied anywhere
  std::vector<term_id> known_in_;        // a term not before the one in which each was committed
  std::vector<std::uint64_t> hashes_{0}; // of the machine after each of them
  std::map<ticket, log_index> asked_;    // reads: the least index that may be answered
};

} // namespace troupe::raft
