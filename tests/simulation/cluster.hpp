// Three masters in one world: each with a disk that survives its crashes, and while it runs the
// actors of a master's store, wired as in actors/main/master.cpp.
#pragma once

#include "actors/kernel/links.hpp"
#include "actors/kernel/stable.hpp"
#include "actors/kernel/supervisor.hpp"
#include "actors/storage/hub.hpp"
#include "actors/storage/open.hpp"
#include "store/kv/memory_engine.hpp"
#include "tests/simulation/options.hpp"
#include "tests/simulation/probe.hpp"
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
  kernel::process_ptr process;
  std::shared_ptr<stalling_pool> writer;
  std::shared_ptr<stalling_pool> reader;
  kernel::stable<storage::replica_actor> replica;
  kernel::stable<storage::watch_hub_actor> hub;
  kernel::stable<kernel::scope_actor> scope;
  kernel::stable<courier_actor> courier;
  std::unique_ptr<kernel::links> links;
  std::shared_ptr<store::replica_state> state;
  kernel::supervisor_actor root;
};

enum class crash_kind {
  kill, // the operating system keeps what was written
  power // what was not synced may be gone or torn
};

struct member {
  std::string name;
  std::shared_ptr<wal::memory_disk> disk;
  std::shared_ptr<store::memory_engine> rows;
  std::shared_ptr<life> now; // null: down
  std::uint64_t lives = 0;
};

/// NAME=HOST:PORT
std::string address_of(const std::string& name);

class cluster {
public:
  cluster(const options& o, report& to);
  ~cluster();
  cluster(const cluster&) = delete;
  cluster& operator=(const cluster&) = delete;

  void start(std::size_t at);
  /// One more, which knows nobody and waits until it is called. Returns its place.
  std::size_t add();
  /// Down at once; up again after `down`.
  void crash(std::size_t at, crash_kind how, duration down);
  /// The power goes in the middle of one of the next writes.
  void fail_disk(std::size_t at, std::uint64_t operations, duration down);

  bool up(std::size_t at) const { return members[at].now != nullptr; }
  /// The member whose scope acts in the highest term, if it is up.
  std::optional<std::size_t> leader() const;

  options with;
  report& to;
  kernel::simulation world;
  kernel::simulated_network network;
  std::vector<member> members;
  std::shared_ptr<scope_facts> scopes = std::make_shared<scope_facts>();

private:
  std::size_t add_down();
  void lose_power(member& m);
  kernel::tree tree_of(const std::shared_ptr<life>& l, const member& m,
                       storage::opened_store opened);
  std::vector<std::shared_ptr<life>> past_;
};

} // namespace troupe::sim
