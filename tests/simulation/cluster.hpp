// Three masters in one world: each with a disk that survives its crashes, and while it runs the
// actors of a program: the store's alone (store_program.cpp) or all of a master's (whole/).
#pragma once

#include "actors/kernel/links.hpp"
#include "actors/kernel/stable.hpp"
#include "actors/kernel/supervisor.hpp"
#include "actors/storage/hub.hpp"
#include "actors/storage/open.hpp"
#include "store/kv/memory_engine.hpp"
#include "tests/simulation/options.hpp"
#include "tests/simulation/probe.hpp"
#include "tests/simulation/raft_laws.hpp"
#include "tests/support/memory_disk.hpp"

#include <deque>

namespace troupe::sim {

/// A pool whose disk stalls: nothing begins before the stall is over.
class stalling_pool final : public kernel::blocking_pool,
                            public std::enable_shared_from_this<stalling_pool> {
public:
  stalling_pool(kernel::simulation& world, std::unique_ptr<kernel::blocking_pool> inner)
      : world_(world), inner_(std::move(inner)) {}
  bool post(std::function<void()> job) override;
  void stall(duration span);

private:
  void pump();
  kernel::simulation& world_;
  std::unique_ptr<kernel::blocking_pool> inner_;
  std::deque<std::function<void()>> waiting_;
  instant until_{};
};

/// One life of a master.
struct life {
  explicit life(const kernel::process_ptr& p);
  virtual ~life() = default;
  kernel::process_ptr process;
  std::shared_ptr<stalling_pool> writer;
  std::shared_ptr<stalling_pool> reader;
  kernel::stable<storage::replica_actor> replica;
  kernel::stable<storage::watch_hub_actor> hub;
  std::unique_ptr<kernel::links> links;
  std::shared_ptr<store::replica_state> state;
  kernel::supervisor_actor root;
  bool doomed = false; // killed was what its process cannot go on without
};
using life_ptr = std::shared_ptr<life>;

enum class crash_kind {
  kill, // the operating system keeps what was written
  power // what was not synced may be gone or torn
};

struct member {
  std::string name;
  std::shared_ptr<wal::memory_disk> disk;
  std::shared_ptr<store::memory_engine> rows;
  life_ptr now; // null: down
  std::uint64_t lives = 0;
  std::uint32_t speaks = store::newest_command_version; // from its next start on
  bool leaving = false; // somebody has ordered that it is removed from the group
  bool removed = false; // and that has happened
  bool retired = false; // it never starts again
  bool rotten = false;  // bytes of its log went bad behind its back
  bool lost = false;    // its log is refused: it is to be replaced
};

/// NAME=HOST:PORT
std::string address_of(const std::string& name);

class cluster;

/// What a master runs. One value for all lives of all masters.
class master_program {
public:
  master_program() = default;
  master_program(const master_program&) = delete;
  master_program& operator=(const master_program&) = delete;
  virtual ~master_program() = default;
  virtual kernel::message_types types() const = 0;
  virtual life_ptr begin(const kernel::process_ptr& process) const = 0;
  /// The tree of its actors. Offers its portals.
  virtual kernel::tree tree(const cluster& of, const life_ptr& l, const member& m,
                            storage::opened_store opened) const = 0;
};
/// Replica, hub, and in the leader scope a probe.
std::unique_ptr<master_program> store_program();

class cluster {
public:
  cluster(const options& o, report& to, std::unique_ptr<master_program> runs = store_program());
  ~cluster();
  cluster(const cluster&) = delete;
  cluster& operator=(const cluster&) = delete;

  void start(std::size_t at);
  /// One more, which knows nobody and waits until it is called. Returns its place.
  std::size_t add();
  /// Down at once; up again after `down`.
  void crash(std::size_t at, crash_kind how, duration down);
  /// Down for ever, its disk too.
  void retire(std::size_t at);
  /// Stopped as by SIGSTOP for `span`, with all that comes to it.
  void pause(std::size_t at, duration span);
  void resume(std::size_t at);
  /// One of its next syncs fails, and what it should have written never reaches the disk although
  /// it can be read: the process ends.
  void fail_sync(std::size_t at);
  /// A byte of its log flips, or a sector is lost or overwritten by another: where the log knows
  /// that it had been synced. False: there is no such place.
  bool rot(std::size_t at);
  /// The power goes in the middle of one of the next writes.
  void fail_disk(std::size_t at, std::uint64_t operations, duration down);

  bool up(std::size_t at) const { return members[at].now != nullptr; }
  bool paused(std::size_t at) const { return up(at) && world.paused(*members[at].now->process); }
  /// Nobody is on the way out, or has a log that it may not open again: one may be lost for good
  /// and the rest is a majority.
  bool can_lose_one() const;
  /// Its place; none if it is none of them.
  std::optional<std::size_t> place_of(member_id id) const;
  /// Ends one of its actors, drawn among all. False: it is down.
  bool kill_an_actor(std::size_t at);
  /// The member whose scope acts in the highest term, if it is up.
  std::optional<std::size_t> leader() const;

  options with;
  report& to;
  kernel::simulation world;
  kernel::simulated_network network;
  std::deque<member> members; // grows
  std::shared_ptr<scope_facts> scopes = std::make_shared<scope_facts>();
  std::shared_ptr<raft_laws> laws; // of all cores, over all their lives

private:
  std::size_t add_down();
  bool refused(std::size_t at, const failure& why);
  void lose_power(member& m);
  void ends_with(const life_ptr& l, std::size_t at);
  std::unique_ptr<master_program> runs_;
  std::vector<life_ptr> past_;
};

} // namespace troupe::sim
